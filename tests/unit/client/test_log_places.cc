#include <limits>
#include <set>

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "log_places.h"
#include "wire/log_place.h"

namespace superd::superctl {
namespace {

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

wire::LogLine line_of(int worker, const std::string& time, std::uint64_t offset) {
  return {
      .time = time,
      .worker = fmt::format("web.{}", worker),
      .text = "x",
      .place = wire::to_text(wire::LogPlace{.worker = worker, .file = kMost, .offset = offset})};
}

wire::LogLine event_at(const std::string& time, std::uint64_t id) {
  return {.time = time,
          .worker = "web.1",
          .event = "worker.exited",
          .place = wire::to_text(wire::LogPlace{.offset = id})};
}

std::string field(const LogPlaces& places, const std::string& name) {
  for (const wire::QueryField& one : places.query()) {
    if (one.name == name) return one.value;
  }
  return "";
}

std::set<int> workers_in(const std::string& after) {
  std::set<int> workers;
  const auto places = wire::parse_log_places(after);
  REQUIRE(places);
  for (const wire::LogPlace& place : *places) workers.insert(place.worker);
  return workers;
}

}  // namespace

TEST_CASE("logs -f: a reading goes on behind the last place of each worker and of the events",
          "[superctl]") {
  LogPlaces places;
  CHECK(places.empty());
  places.note(line_of(2, "2026-01-01T00:00:01Z", 10));
  places.note(line_of(1, "2026-01-01T00:00:02Z", 5));
  places.note(line_of(2, "2026-01-01T00:00:03Z", 20));
  places.note(event_at("2026-01-01T00:00:04Z", 812));
  CHECK(field(places, "after") == fmt::format("e-812,1-{0}-5,2-{0}-20", kMost));
  CHECK(field(places, "since") == "2026-01-01T00:00:04Z");
}

TEST_CASE("logs -f: what a request carries fits into its head, for 500 workers that all write",
          "[superctl]") {
  LogPlaces places;
  places.note(event_at("2026-01-01T00:00:00Z", kMost));
  for (int worker = 1; worker <= 500; ++worker) {
    places.note(line_of(worker, "2026-01-01T00:00:00Z", 50U << 20));
  }
  const std::string target = wire::make_target({"v1", "groups", "web", "logs"}, places.query());
  CHECK(target.size() < LogPlaces::kMostBytes);
  CHECK(workers_in(field(places, "after")).size() == 501);

  wire::RequestParser parser;
  parser.feed(wire::serialize_request(wire::Method::get, target, ""));
  CHECK(parser.advance() == wire::RequestParser::State::complete);
}

TEST_CASE("logs -f: of thousands of workers those that were quiet go on by the time",
          "[superctl]") {
  LogPlaces places;
  places.note(event_at("2026-01-01T00:00:00Z", 812));
  for (int worker = 1; worker <= 5000; ++worker) {
    places.note(line_of(worker, "2026-01-01T00:00:00Z", 1000));
  }
  for (int worker = 7; worker <= 9; ++worker) {
    places.note(line_of(worker, "2026-01-01T00:01:00.5Z", 2000));
  }
  // Not so quiet: it would be told again from then on.
  places.note(line_of(10, "2026-01-01T00:00:50.300000000Z", 2000));
  places.note(line_of(11, "2026-01-01T00:00:49.900000000Z", 2000));
  CHECK(workers_in(field(places, "after")) == std::set<int>{0, 7, 8, 9, 10});
  CHECK(field(places, "since") == "2026-01-01T00:00:50.000000000Z");
}

TEST_CASE(
    "logs -f: of a thousand workers without times those that wrote last go on at their places",
    "[superctl]") {
  LogPlaces places;
  places.note(event_at("2026-01-01T00:00:00Z", kMost));
  for (int worker = 1; worker <= 400; ++worker) places.note(line_of(worker, "", 50U << 20));
  CHECK(places.left_out() == 0);
  for (int worker = 401; worker <= 1000; ++worker) places.note(line_of(worker, "", 50U << 20));
  places.note(line_of(7, "", 60U << 20));
  const std::string target = wire::make_target({"v1", "groups", "web", "logs"}, places.query());
  CHECK(target.size() < LogPlaces::kMostBytes + 100);
  const std::set<int> workers = workers_in(field(places, "after"));
  CHECK(workers.size() > 500);
  CHECK(workers.size() + places.left_out() == 1001);
  for (const int worker : {0, 7, 1000, 900}) CHECK(workers.contains(worker));
  CHECK_FALSE(workers.contains(1));
  // The others begin with their last line, which may be one that was told before.
  CHECK(field(places, "lines") == "1");
  CHECK(field(places, "since").empty());
  CHECK(places.knows(line_of(1, "", 50U << 20)));
  CHECK_FALSE(places.knows(line_of(1, "", 51U << 20)));
}

}  // namespace superd::superctl
