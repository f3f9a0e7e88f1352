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
  last.turn = ++turns_;
  if (line.event || line.time.empty()) return;
  last.time = std::max(last.time, line.time);
  has_times_ = true;
}

bool LogPlaces::knows(const wire::LogLine& line) const {
  const auto last = last_.find(line.worker);
  return !line.event && line.place && last != last_.end() && last->second.place == *line.place;
}

std::vector<wire::QueryField> LogPlaces::query() const {
  std::string after = to_text(places_since(""));
  std::string since = last_time_;
  if (after.size() > kMostBytes && has_times_) {
    since = shortly_before(last_time_);
    after = to_text(places_since(since));
  }
  if (after.size() > kMostBytes) after = to_text(latest_that_fit());
  std::vector<wire::QueryField> fields{{"after", after}};
  if (left_out() > 0) {
    fields.push_back({"lines", "1"});
  } else if (!since.empty()) {
    fields.push_back({"since", since});
  }
  return fields;
}

std::size_t LogPlaces::left_out() const {
  if (has_times_ || to_text(places_since("")).size() <= kMostBytes) return 0;
  return last_.size() - latest_that_fit().size();
}

// Of the events, and of those who wrote then or later.
LogPlaces::Places LogPlaces::places_since(const std::string& time) const {
  Places places;
  for (const auto& [worker, last] : last_) {
    if (worker.empty() || last.time >= time) places.push_back(&last);
  }
  return places;
}

// The events first: there is no other way to go on with them.
LogPlaces::Places LogPlaces::latest_that_fit() const {
  Places places = places_since("");
  const auto begin = places.begin() + (last_.contains("") ? 1 : 0);
  std::sort(begin, places.end(), [](const Last* a, const Last* b) { return a->turn > b->turn; });
  for (std::size_t size = to_text(places).size(); size > kMostBytes && places.size() > 1;) {
    places.resize(std::max<std::size_t>(1, places.size() * kMostBytes / (size + 1)));
    size = to_text(places).size();
  }
  return places;
}

std::string LogPlaces::to_text(const Places& places) {
  std::vector<std::string> all;
  for (const Last* last : places) all.push_back(last->place);
  std::string text = join(all, ",");
  if (text.size() <= kPlain) return text;
  const auto parsed = wire::parse_log_places(text);
  return parsed ? wire::to_packed_text(*parsed) : text;
}

}  // namespace superd::superctl
