#include "daemon/event_feed.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "daemon/state_views.h"
#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

constexpr const char* kContentType = "application/x-ndjson";

bool is_wanted(const EventHistory::Entry& entry, const std::string& group) {
  return group.empty() || entry.group == group;
}

// A line about the answer itself, not about what happened.
std::string note_line(std::uint64_t id, const char* event, std::string message) {
  wire::OccurrenceView view;
  view.id = id;
  view.time = rfc3339(std::chrono::system_clock::now());
  view.event = event;
  view.message = std::move(message);
  return wire::to_text(view) + '\n';
}

}  // namespace

void EventFeed::wake() {
  if (++untold_ < kEventsAtOnce) return turn_.schedule();
  tell_all();
}

EventFeed::EventFeed(loop::Loop& loop, const EventHistory& history)
    : history_(history), turn_(loop, [this] { tell_all(); }) {}

std::uint64_t EventFeed::place_of(std::uint64_t since) const {
  return since > history_.last_id() ? 0 : since;
}

std::string EventFeed::missed_line(std::uint64_t since) const {
  if (since == 0 || history_.entries().empty()) return {};
  const std::uint64_t oldest = history_.entries().front().id;
  if (oldest <= since + 1) return {};
  return note_line(oldest - 1, "missed",
                   fmt::format("events {} to {} are no longer kept", since + 1, oldest - 1));
}

void EventFeed::answer(const Wish& wish, Responder out) const {
  const std::uint64_t since = place_of(wish.since.value_or(0));
  wire::Response response{.content_type = kContentType, .body = missed_line(since)};
  for (auto it = history_.after(since); it != history_.entries().end(); ++it) {
    if (is_wanted(*it, wish.group)) response.body += it->line;
  }
  out.answer(std::move(response));
}

void EventFeed::follow(const Wish& wish, Responder out) {
  if (ended_) return out.answer(wire::problem_response(503, "superd is shutting down"));
  if (followers_.size() >= kMaxFollowers) {
    return out.answer(wire::problem_response(
        503, fmt::format("too many follow the events: at most {}", kMaxFollowers)));
  }
  Follower& follower = followers_.emplace_back();
  follower.group = wish.group;
  follower.told = wish.since ? place_of(*wish.since) : history_.last_id();
  const std::string missed = missed_line(follower.told);
  follower.out = out.stream(
      kContentType,
      [this, &follower] {
        follower.waits = false;
        wake();
      },
      [this, &follower] {
        follower.over = true;
        wake();
      });
  follower.over = !follower.out.open();
  if (!missed.empty()) {
    follower.out.send(missed);
    follower.told = history_.entries().front().id - 1;
  }
  wake();
}

void EventFeed::tell_all() {
  untold_ = 0;
  for (auto it = followers_.begin(); it != followers_.end();) {
    if (!it->over) tell(*it);
    it = it->over ? followers_.erase(it) : std::next(it);
  }
}

void EventFeed::tell(Follower& follower) {
  const auto& entries = history_.entries();
  const bool passed = !entries.empty() && entries.front().id > follower.told + 1;
  if (passed) return drop(follower);
  while (!follower.waits && !follower.over && follower.told < history_.last_id()) {
    std::string chunk;
    auto it = history_.after(follower.told);
    for (; it != entries.end() && chunk.size() < kChunkBytes; ++it) {
      if (is_wanted(*it, follower.group)) chunk += it->line;
      follower.told = it->id;
    }
    if (!chunk.empty()) follower.out.send(chunk);
    follower.waits = follower.out.unsent() > 0;
  }
}

void EventFeed::drop(Follower& follower) {
  follower.out.send(
      note_line(follower.told, "dropped",
                fmt::format("this reader was too slow: the events after {} are not told to it",
                            follower.told)));
  follower.over = true;
}

void EventFeed::end() {
  ended_ = true;
  tell_all();
  followers_.clear();
}

}  // namespace superd::daemon
