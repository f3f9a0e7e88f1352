#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/text.h"
#include "daemon/event_feed.h"
#include "http_fixture.h"
#include "wire/json.h"

namespace superd::daemon::test {
namespace {

wire::OccurrenceView event(std::uint64_t id, const std::string& group = "web") {
  wire::OccurrenceView view;
  view.id = id;
  view.time = "2026-11-23T04:00:00.000Z";
  view.event = "worker.exited";
  if (!group.empty()) view.group = group;
  view.cause = "exit";
  view.message = "exited with status 1, as it does when there is nothing left to be done";
  return view;
}

// What a client has received of its answer's body.
std::vector<wire::OccurrenceView> events_of(const std::string& received) {
  const auto head = received.find("\r\n\r\n");
  std::vector<wire::OccurrenceView> events;
  if (head == std::string::npos) return events;
  for (const std::string& line : split(received.substr(head + 4), '\n')) {
    if (auto view = wire::from_text<wire::OccurrenceView>(line)) events.push_back(*view);
  }
  return events;
}

struct Feeding {
  explicit Feeding(std::size_t most_bytes = EventHistory::kMostBytes)
      : history("/proc/no-such-directory/events", most_bytes), feed(under.loop, history) {}

  void happens(const std::string& group = "web") {
    history.add(event(history.last_id() + 1, group));
    feed.wake();
  }
  Client follower(EventFeed::Wish wish) {
    Client client = under.connect();
    client.send(get("/wait"));
    REQUIRE(under.run_until([&] { return !under.owed.empty(); }));
    feed.follow(wish, std::move(under.owed.back()));
    under.owed.clear();
    return client;
  }
  std::size_t count(Client& client) { return events_of(client.received()).size(); }

  ServerUnderTest under;
  EventHistory history;
  EventFeed feed;
};

TEST_CASE("events: a follower is told what comes, and only that", "[daemon]") {
  Feeding f;
  f.happens();
  Client client = f.follower({});
  f.happens();
  f.happens();
  REQUIRE(f.under.run_until([&] { return f.count(client) == 2; }));
  CHECK(events_of(client.received()).front().id == 2);
  CHECK_FALSE(client.closed());
}

TEST_CASE("events: a follower goes on after the id that it names", "[daemon]") {
  Feeding f;
  for (int i = 0; i < 5; ++i) f.happens();
  Client client = f.follower({.group = {}, .since = 3});
  f.happens();
  REQUIRE(f.under.run_until([&] { return f.count(client) == 3; }));
  CHECK(events_of(client.received()).front().id == 4);
  CHECK(events_of(client.received()).back().id == 6);
}

TEST_CASE("events: an id that was never given means all that is kept", "[daemon]") {
  Feeding f;
  for (int i = 0; i < 3; ++i) f.happens();
  Client client = f.follower({.group = {}, .since = 812});
  CHECK(f.under.run_until([&] { return f.count(client) == 3; }));
}

TEST_CASE("events: of one group are told those of that group alone", "[daemon]") {
  Feeding f;
  Client client = f.follower({.group = "web", .since = {}});
  f.happens("api");
  f.happens("");
  f.happens("web");
  REQUIRE(f.under.run_until([&] { return f.count(client) == 1; }));
  CHECK(events_of(client.received()).front().id == 3);
}

TEST_CASE("events: who asks for events that are no longer kept is told which", "[daemon]") {
  Feeding f(2000);
  for (int i = 0; i < 50; ++i) f.happens();
  const std::uint64_t oldest = f.history.entries().front().id;
  REQUIRE(oldest > 10);
  Client client = f.follower({.group = {}, .since = 3});
  REQUIRE(f.under.run_until([&] { return f.count(client) == f.history.entries().size() + 1; }));
  const auto told = events_of(client.received());
  CHECK(told.front().event == "missed");
  CHECK(told.front().id == oldest - 1);
  CHECK(told[1].id == oldest);
}

TEST_CASE("events: a follower that goes away is forgotten", "[daemon]") {
  Feeding f;
  Client client = f.follower({});
  CHECK(f.feed.followers() == 1);
  client.close();
  CHECK(f.under.run_until([&] { return f.feed.followers() == 0; }));
}

TEST_CASE("events: when superd leaves a follower has all, and its answer ends", "[daemon]") {
  Feeding f;
  Client client = f.follower({});
  f.happens();
  f.feed.end();
  REQUIRE(f.under.run_until([&] { return client.closed(); }));
  CHECK(f.count(client) == 1);
}

TEST_CASE("events: a stuck follower holds nobody up, costs little and learns where to go on",
          "[daemon]") {
  Feeding f(std::size_t{1} << 20);
  std::vector<Client> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(f.follower({}));
  Client stuck = f.follower({});
  // Followers that read have each burst before the next one, although one of the five does not.
  constexpr std::size_t kBurst = 500;
  constexpr std::size_t kBursts = 20;  // 10,000 events
  std::vector<std::size_t> told(readers.size());
  for (std::size_t burst = 1; burst <= kBursts; ++burst) {
    for (std::size_t i = 0; i < kBurst; ++i) f.happens();
    const auto all_told = [&] {
      for (std::size_t i = 0; i < readers.size(); ++i) {
        const std::string bytes = readers[i].take_received();
        told[i] += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      }
      // The four lines of a head besides.
      return std::all_of(told.begin(), told.end(),
                         [&](std::size_t lines) { return lines >= burst * kBurst + 5; });
    };
    REQUIRE(f.under.run_until(all_told));
  }
  CHECK(f.feed.followers() == 4);
  // It reads on at last: what was on its way, and one last line.
  REQUIRE(f.under.run_until([&] {
    stuck.received();
    return stuck.closed();
  }));
  const auto events = events_of(stuck.received());
  REQUIRE(events.size() > 1);
  CHECK(events.back().event == "dropped");
  CHECK(events.back().id == events[events.size() - 2].id);
  CHECK(events.size() < kBurst * kBursts / 2);
  // What superd held for it, and the kernel.
  CHECK(stuck.received().size() < std::size_t{1} << 20);
  Client again = f.follower({.group = {}, .since = events.back().id});
  REQUIRE(f.under.run_until([&] {
    const auto since = events_of(again.received());
    return !since.empty() && since.back().id == f.history.last_id();
  }));
  CHECK(events_of(again.received()).front().event == "missed");
}

TEST_CASE("events: HEAD of the stream has no end to wait for", "[daemon]") {
  Feeding f;
  Client client = f.under.connect();
  client.send("HEAD /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(f.under.run_until([&] { return !f.under.owed.empty(); }));
  f.happens();
  f.feed.follow({.group = {}, .since = 0}, std::move(f.under.owed.back()));
  REQUIRE(f.under.run_until([&] { return client.closed(); }));
  CHECK(client.received().ends_with("\r\n\r\n"));
  CHECK(f.under.run_until([&] { return f.feed.followers() == 0; }));
}

}  // namespace
}  // namespace superd::daemon::test
