#include "logs/tail_ring.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "files.h"

using namespace superd;
using namespace superd::logs;

TEST_CASE("tail: the last lines of a spawn are kept with time and stream", "[logs]") {
  TailRing tail;
  CHECK(tail.last(10, "web.1").empty());
  tail.push(stamp(1), Stream::out, Piece::full, "one");
  tail.push(stamp(2), Stream::err, Piece::full, "");
  tail.push(stamp(3), Stream::err, Piece::full, "three");
  const std::vector<Line> lines = tail.last(2, "web.1");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text.empty());
  CHECK(lines[1].text == "three");
  CHECK(lines[1].worker == "web.1");
  CHECK(lines[1].stream == Stream::err);
  CHECK(lines[1].time == "2026-11-23T01:02:03.000000003Z");
  CHECK(texts(tail.last(99, "web.1")) == std::vector<std::string>{"one", "", "three"});
}

TEST_CASE("tail: no more than 50 lines and 16 KiB are kept, however much is written", "[logs]") {
  TailRing tail;
  for (int i = 0; i < 10'000; ++i)
    tail.push(stamp(), Stream::out, Piece::full, std::to_string(i) + std::string(30, '.'));
  const std::vector<Line> many = tail.last(1000, "web.1");
  REQUIRE(many.size() == TailRing::kMaxLines);
  CHECK(many.front().text.starts_with("9950."));
  CHECK(many.back().text.starts_with("9999."));
  for (int i = 0; i < 50; ++i) tail.push(stamp(), Stream::out, Piece::full, std::string(1000, 'y'));
  std::size_t bytes = 0;
  for (const Line& line : tail.last(1000, "web.1")) bytes += line.text.size();
  CHECK(bytes <= TailRing::kMaxBytes);
  CHECK(bytes > TailRing::kMaxBytes / 2);
}

TEST_CASE("tail: of a long line the beginning is kept, once", "[logs]") {
  TailRing tail;
  tail.push(stamp(), Stream::out, Piece::partial, std::string(16384, 'a'));
  tail.push(stamp(), Stream::err, Piece::full, "meanwhile");
  tail.push(stamp(), Stream::out, Piece::partial, std::string(16384, 'b'));
  tail.push(stamp(), Stream::out, Piece::full, "end");
  tail.push(stamp(), Stream::out, Piece::full, "next");
  const std::vector<std::string> lines = texts(tail.last(10, "web.1"));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == std::string(TailRing::kMaxLineBytes, 'a'));
  CHECK(lines[1] == "meanwhile");
  CHECK(lines[2] == "next");
}

TEST_CASE("tail: the last two spawns of a worker are remembered after their end", "[logs]") {
  FinishedTails finished;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    TailRing tail;
    tail.push(stamp(), Stream::out, Piece::full, "spawn " + std::to_string(i));
    finished.keep("web.1", core::SpawnId{i}, std::move(tail));
  }
  TailRing other;
  other.push(stamp(), Stream::out, Piece::full, "other");
  finished.keep("web.2", core::SpawnId{9}, std::move(other));
  CHECK(finished.last(core::SpawnId{1}, 5).empty());
  CHECK(texts(finished.last(core::SpawnId{2}, 5)) == std::vector<std::string>{"spawn 2"});
  CHECK(texts(finished.last(core::SpawnId{3}, 5)) == std::vector<std::string>{"spawn 3"});
  CHECK(finished.last(core::SpawnId{9}, 5).at(0).worker == "web.2");
}

TEST_CASE("tail: the spawns that are remembered are bounded in number", "[logs]") {
  FinishedTails finished;
  for (std::uint64_t i = 0; i < FinishedTails::kMaxSpawns + 10; ++i) {
    TailRing tail;
    tail.push(stamp(), Stream::out, Piece::full, "x");
    finished.keep("web." + std::to_string(i), core::SpawnId{i}, std::move(tail));
  }
  CHECK(finished.last(core::SpawnId{9}, 1).empty());
  CHECK(finished.last(core::SpawnId{10}, 1).size() == 1);
}
