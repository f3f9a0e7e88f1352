#include "log_places.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "base/time_text.h"
#include "wire/log_place.h"

namespace superd::superctl {
namespace {

constexpr std::size_t kPlain = 2048;  // what is shorter is sent as it came
// So late a line may be in its file, after those of others that are told.
constexpr std::chrono::seconds kLate{10};

// As lines have it, so that texts compare as times do. Empty: the text is none of a time.
std::string shortly_before(const std::string& time) {
  const auto parsed = parse_time(time);
  if (!parsed) return "";
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000000000Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(*parsed - kLate)));
}

}  // namespace

void LogPlaces::note(const wire::LogLine& line) {
  last_time_ = std::max(last_time_, line.time);
  if (!line.place) return;
  const bool of_worker = !line.event || line.event == "reached" || line.event == "missed";
  Last& last = last_[of_worker ? line.worker : ""];
  last.place = *line.place;
  if (line.event || line.time.empty()) return;
  last.time = std::max(last.time, line.time);
  has_times_ = true;
}

std::vector<wire::QueryField> LogPlaces::query() const {
  std::string after = places_since("");
  std::string since = last_time_;
  if (after.size() > kMostBytes && has_times_) {
    since = shortly_before(last_time_);
    after = places_since(since);
  }
  std::vector<wire::QueryField> fields{{"after", after}};
  if (!since.empty()) fields.push_back({"since", since});
  return fields;
}

// Of the events, and of those who wrote then or later.
std::string LogPlaces::places_since(const std::string& time) const {
  std::vector<std::string> places;
  for (const auto& [worker, last] : last_) {
    if (worker.empty() || last.time >= time) places.push_back(last.place);
  }
  std::string text = join(places, ",");
  if (text.size() <= kPlain) return text;
  const auto parsed = wire::parse_log_places(text);
  return parsed ? wire::to_packed_text(*parsed) : text;
}

}  // namespace superd::superctl
