#include <catch2/catch.hpp>

#include "event_text.h"

namespace superd::superctl {
namespace {

using namespace std::chrono_literals;

wire::OccurrenceView exited() {
  wire::OccurrenceView event;
  event.id = 812;
  event.time = "2026-11-23T04:00:00.123Z";
  event.event = "worker.exited";
  event.group = "web";
  event.worker = "web.2";
  event.pid = 4711;
  event.generation = 7;
  event.roll = 12;
  event.cause = "exit";
  event.message = "exited with status 1";
  return event;
}

TEST_CASE("events: a line says when, who, what, how and why", "[client]") {
  CHECK(event_text(exited()) ==
        "2026-11-23T04:00:00.123Z web.2 worker.exited pid=4711 generation=7 roll=12: "
        "exited with status 1 (exit)");
  wire::OccurrenceView started;
  started.time = "2026-11-23T04:00:00.123Z";
  started.event = "daemon.started";
  CHECK(event_text(started) == "2026-11-23T04:00:00.123Z superd daemon.started");
}

TEST_CASE("events: what a worker or a file chose does not reach the terminal as it is",
          "[client]") {
  auto event = exited();
  event.message = "\x1b[2J";
  CHECK(event_text(event).find('\x1b') == std::string::npos);
}

TEST_CASE("events: of a group are its own and its workers', of a worker its own", "[client]") {
  const auto event = exited();
  CHECK(is_about(event, {}));
  CHECK(is_about(event, {{.group = "web", .worker = {}}}));
  CHECK(is_about(event, {{.group = "api", .worker = {}}, {.group = "web", .worker = "web.2"}}));
  CHECK_FALSE(is_about(event, {{.group = "web", .worker = "web.1"}}));
  CHECK_FALSE(is_about(event, {{.group = "api", .worker = {}}}));
  wire::OccurrenceView own;
  own.event = "daemon.started";
  CHECK(is_about(own, {}));
  CHECK_FALSE(is_about(own, {{.group = "web", .worker = {}}}));
}

TEST_CASE("events: --since is an id, a time or how long ago", "[client]") {
  const WallTime now{1'795'406'400s};  // 2026-11-23T04:00:00Z
  CHECK(std::get<std::uint64_t>(*parse_since("812", now)) == 812);
  CHECK(std::get<WallTime>(*parse_since("10m", now)) == now - 10min);
  CHECK(std::get<WallTime>(*parse_since("2026-11-23T03:59:00Z", now)) == now - 1min);
  CHECK_FALSE(parse_since("yesterday", now));
  CHECK_FALSE(parse_since("", now));
  CHECK(is_since(exited(), now));
  CHECK_FALSE(is_since(exited(), now + 1s));
}

}  // namespace
}  // namespace superd::superctl
