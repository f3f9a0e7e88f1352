#include "daemon/log_feed.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/worker_ref.h"
#include "wire/http_codec.h"
#include "wire/json.h"
#include "wire/log_place.h"

namespace superd::daemon {

wire::LogLine to_view(const logs::Line& line) {
  const bool told = line.stream != logs::Stream::both;
  wire::LogLine view{.time = line.time,
                     .worker = line.worker,
                     .stream = told ? std::string(name(line.stream)) : "",
                     .text = line.text};
  const auto worker = core::parse_worker_ref(line.worker);
  if (line.place && worker) {
    view.place = wire::to_text(wire::LogPlace{
        .worker = worker->number, .file = line.place->file, .offset = line.place->offset});
  }
  return view;
}

namespace {

constexpr const char* kLines = "application/x-ndjson";

wire::LogLine note_view(const logs::Line& line, const std::string& now, const char* event,
                        const char* text) {
  wire::LogLine view = to_view(line);
  view.time = now;
  view.event = event;
  view.text = text;
  return view;
}

// What is told among the lines; nothing: another event.
std::optional<wire::LogLine> event_view(const EventHistory::Entry& entry) {
  const auto event = wire::from_text<wire::OccurrenceView>(entry.line);
  if (!event || (event->event != "worker.spawned" && event->event != "worker.exited"))
    return std::nullopt;
  std::string text =
      event->event == "worker.spawned" ? "started" : event->message.value_or("exited");
  if (event->pid) text = fmt::format("process {} {}", *event->pid, text);
  return wire::LogLine{.time = event->time,
                       .worker = entry.worker,
                       .text = std::move(text),
                       .event = event->event,
                       .place = wire::to_text(wire::LogPlace{.offset = entry.id})};
}

// An event that is as old as a line of the same thousandth of a second comes behind it.
bool is_before(const wire::LogLine& event, const wire::LogLine& line) {
  return !line.time.empty() && event.time < line.time;
}

}  // namespace

LogFeed::LogFeed(loop::Loop& loop, Parts parts)
    : parts_(std::move(parts)), timer_(loop, [this] { look(); }) {}

void LogFeed::follow(Wish wish, Responder out) {
  if (ended_) return out.answer(wire::problem_response(503, "superd is shutting down"));
  if (followers_.size() >= kMaxFollowers) {
    return out.answer(wire::problem_response(
        503, fmt::format("too many follow the logs: at most {}", kMaxFollowers)));
  }
  Follower& follower = followers_.emplace_back();
  follower.id = ++last_id_;
  follower.event = wish.after_event.value_or(parts_.history.last_id());
  follower.wish = std::move(wish);
  follower.out = out.stream(
      kLines, [this] { arm(kPause); },
      [this, &follower] {
        follower.over = true;
        arm(loop::Duration{0});
      });
  follower.over = !follower.out.open();
  arm(loop::Duration{0});
}

// The nearer of two times counts: another follower waits for it.
void LogFeed::arm(loop::Duration delay) {
  if (timer_.armed() && delay > loop::Duration{0}) return;
  timer_.after(delay);
}

void LogFeed::look() {
  followers_.remove_if([](const Follower& follower) { return follower.over; });
  for (Follower& follower : followers_) {
    if (!follower.asking && follower.out.unsent() == 0) ask(follower);
  }
  followers_.remove_if([](const Follower& follower) { return follower.over; });
  if (!followers_.empty()) arm(kPeriod);
}

logs::From LogFeed::first_from(const Follower& follower, const std::string& worker) const {
  const Wish& wish = follower.wish;
  if (const auto place = wish.after.find(worker); place != wish.after.end()) return place->second;
  if (!follower.looked.empty()) return logs::SinceTime{.time = follower.looked};
  if (!wish.since.empty()) return logs::SinceTime{.time = wish.since};
  return logs::LastLines{.lines = wish.lines};
}

bool LogFeed::find_workers(Follower& follower) {
  const std::optional<Sources> present = parts_.sources(follower.wish.group);
  for (const logs::Source& source : present.value_or(Sources{})) {
    if (!follower.wish.worker.empty() && source.worker != follower.wish.worker) continue;
    const auto [at, is_new] = follower.workers.try_emplace(source.worker);
    if (!is_new) continue;
    at->second.source = source;
    at->second.source.from = first_from(follower, source.worker);
  }
  return present.has_value();
}

void LogFeed::ask(Follower& follower) {
  if (!find_workers(follower)) {
    follower.over = true;
    return;
  }
  follower.looked = parts_.now();
  Sources sources;
  for (const auto& [name, worker] : follower.workers) sources.push_back(worker.source);
  if (sources.empty()) return;
  follower.asking = true;
  parts_.read_on(std::move(sources), follower.wish.only,
                 [this, id = follower.id](std::optional<std::vector<logs::Line>> lines) {
                   on_lines(id, std::move(lines));
                 });
}

void LogFeed::on_lines(std::uint64_t id, std::optional<std::vector<logs::Line>> lines) {
  const auto found = std::find_if(followers_.begin(), followers_.end(),
                                  [&](const Follower& follower) { return follower.id == id; });
  if (found == followers_.end()) return;
  found->asking = false;
  if (lines && !found->over) tell(*found, std::move(*lines));
}

void LogFeed::tell(Follower& follower, std::vector<logs::Line> lines) {
  std::vector<wire::LogLine> views;
  std::vector<wire::LogLine> ends;
  bool all = true;
  for (const logs::Line& line : lines) {
    Worker& worker = follower.workers[line.worker];
    switch (line.note) {
      case logs::Note::none: {
        const bool early = !line.time.empty() && line.time < follower.wish.since;
        if (!early || follower.wish.after.contains(line.worker)) views.push_back(to_view(line));
        break;
      }
      case logs::Note::missed:
        views.push_back(
            note_view(line, follower.looked, "missed", "lines before this are no longer kept"));
        break;
      case logs::Note::reached:
      case logs::Note::more:
        if (line.place) worker.source.from = *line.place;
        if (line.note == logs::Note::more) {
          all = false;
        } else if (!std::exchange(worker.reached, true)) {
          ends.push_back(note_view(line, follower.looked, "reached", ""));
        }
        break;
    }
  }
  // An event waits for the lines that were written before it.
  const std::string until = all || views.empty() ? "" : views.back().time;
  std::vector<wire::LogLine> events;
  if (all || !until.empty()) events = take_events(follower, until);
  std::string body;
  auto event = events.begin();
  for (const wire::LogLine& view : views) {
    for (; event != events.end() && is_before(*event, view); ++event)
      body += wire::to_text(*event) + '\n';
    body += wire::to_text(view) + '\n';
  }
  for (; event != events.end(); ++event) body += wire::to_text(*event) + '\n';
  for (const wire::LogLine& end : ends) body += wire::to_text(end) + '\n';
  if (!body.empty()) follower.out.send(body);
  if (all && follower.wish.until == Until::now) follower.over = true;
  if (!all || follower.over) timer_.after(kPause);
}

std::vector<wire::LogLine> LogFeed::take_events(Follower& follower, const std::string& until) {
  std::vector<wire::LogLine> events;
  if (follower.wish.until == Until::now) return events;
  for (auto it = parts_.history.after(follower.event); it != parts_.history.entries().end(); ++it) {
    const bool wanted = it->group == follower.wish.group &&
                        (follower.wish.worker.empty() || it->worker == follower.wish.worker);
    auto view = wanted ? event_view(*it) : std::nullopt;
    if (view && !until.empty() && view->time > until) break;
    follower.event = it->id;
    if (view) events.push_back(std::move(*view));
  }
  return events;
}

void LogFeed::end() {
  ended_ = true;
  followers_.clear();
}

}  // namespace superd::daemon
