#include "logs/line.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace superd::logs {

std::string_view name(Stream stream) {
  switch (stream) {
    case Stream::out:
      return "stdout";
    case Stream::err:
      return "stderr";
    case Stream::both:
      return "both";
  }
  std::abort();
}

std::string_view name(Note note) {
  switch (note) {
    case Note::none:
      return "none";
    case Note::missed:
      return "missed";
    case Note::more:
      return "more";
    case Note::reached:
      return "reached";
  }
  std::abort();
}

std::vector<Line> merged_by_time(std::vector<std::vector<Line>> sources) {
  struct Keyed {
    std::string time;
    Line line;
  };
  std::vector<Keyed> all;
  for (std::vector<Line>& source : sources) {
    std::string time;
    for (Line& line : source) {
      // A clock that was set back must not turn the lines of one worker round.
      time = std::max(time, line.time);
      all.push_back({time, std::move(line)});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Keyed& a, const Keyed& b) { return a.time < b.time; });
  std::vector<Line> merged;
  merged.reserve(all.size());
  for (Keyed& keyed : all) merged.push_back(std::move(keyed.line));
  return merged;
}

}  // namespace superd::logs
