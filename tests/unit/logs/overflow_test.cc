#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "full_disk.h"
#include "recordings_fixture.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

namespace {

Capture start_blocking(RecordingsFixture& f, const Output& output) {
  Capture capture = f.capture(1, LogFormat::raw);
  capture.overflow = core::LogOverflow::block;
  f.recordings.start(capture, output.again());
  return capture;
}

}  // namespace

TEST_CASE("capture: a burst of short lines is in the file, however long they become there",
          "[logs]") {
  const auto format = GENERATE(LogFormat::cri, LogFormat::json);
  const auto overflow = GENERATE(core::LogOverflow::drop, core::LogOverflow::block);
  RecordingsFixture f;
  Output output(1);
  Capture capture = f.capture(1, format);
  capture.overflow = overflow;
  std::string burst;
  while (burst.size() + 2 <= std::size_t{60} * 1024) burst += "x\n";
  output.say(burst);
  f.recordings.start(capture, output.again());
  REQUIRE(loop::run_until(f.loop, [&] {
    const std::string text = contents(f.path);
    return std::count(text.begin(), text.end(), '\n') == static_cast<long>(burst.size() / 2);
  }));
  CHECK(f.recordings.counts().at("web").dropped == 0);
}

TEST_CASE("capture: what becomes of a group's output is counted", "[logs]") {
  RecordingsFixture f;
  int counted = 0;
  Recordings recordings(f.loop, {}, {}, [&] { ++counted; });
  Output cri(2);
  Output raw(1);
  recordings.start(f.capture(1), std::move(cri.read_ends));
  Capture other = f.capture(2, LogFormat::raw);
  other.worker = "web.2";
  other.path = f.dir / "web.2.log";
  recordings.start(other, std::move(raw.read_ends));
  cri.say("one\ntwo\nno newline");
  raw.say("a line\n");
  recordings.finish(core::SpawnId{1});
  recordings.finish(core::SpawnId{2});
  REQUIRE(loop::run_until(f.loop, [&] { return !recordings.busy(); }));
  CHECK(counted > 0);
  const auto counts = recordings.counts();
  REQUIRE(counts.size() == 1);
  CHECK(counts.at("web") ==
        LogCounts{.bytes = contents(f.path).size() + contents(other.path).size(),
                  .lines = 3,
                  .dropped = 0});
}

TEST_CASE("capture: what was lost while nobody read the pipes is told in the file, and counted",
          "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.lost(core::SpawnId{1}, 500);
  f.recordings.start(f.capture(1), output.again());
  output.say("after\n");
  f.recordings.drain_all();
  f.recordings.lost(core::SpawnId{1}, 20);
  REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
  CHECK(without_time(f.path) ==
        std::vector<std::string>{"stderr F superd: 500 bytes lost: superd's logger was away",
                                 "stdout F after",
                                 "stderr F superd: 20 bytes lost: superd's logger was away"});
  CHECK(f.recordings.counts().at("web").dropped == 520);
}

TEST_CASE("overflow = drop: what was lost is told when the disk has room, also of a silent worker",
          "[logs]") {
  RecordingsFixture f;
  Output output(1);
  f.recordings.start(f.capture(1, LogFormat::raw), output.again());
  {
    const FullDisk full(4);
    output.say("one\ntwo\n");
    f.recordings.drain_all();
    REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
    CHECK(contents(f.path) == "one\n");
  }
  REQUIRE(loop::run_until(
      f.loop, [&] { return contents(f.path) == "one\nsuperd: 4 bytes lost: File too large\n"; }));
}

TEST_CASE("overflow = block: the pipe is not read until the disk has room, and nothing is lost",
          "[logs]") {
  RecordingsFixture f;
  Output output(1);
  start_blocking(f, output);
  {
    const FullDisk full(6);
    output.say("one\ntwo\n");
    f.recordings.drain_all();
    CHECK(contents(f.path) == "one\ntw");
    output.say("three\n");
    f.recordings.drain_all();
    CHECK(contents(f.path) == "one\ntw");
    // Still in the pipe, where a worker that goes on writing would have to wait.
    CHECK(texts(f.recordings.last(core::SpawnId{1}, 9)) == std::vector<std::string>{"one", "two"});
  }
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path) == "one\ntwo\nthree\n"; }));
  output.say("four\n");
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path).ends_with("four\n"); }));
}

TEST_CASE(
    "overflow = block: at the end of a worker what the disk does not take is lost and counted",
    "[logs]") {
  RecordingsFixture f;
  Output output(1);
  Capture capture = start_blocking(f, output);
  {
    const FullDisk full(4);
    output.say("one\ntwo\n");
    f.recordings.drain_all();
    output.say("three\n");
    f.recordings.finish(core::SpawnId{1});
  }
  CHECK(contents(f.path) == "one\n");
  // Told once the next one writes.
  Output next(1);
  capture.spawn = core::SpawnId{2};
  f.recordings.start(capture, next.again());
  next.say("four\n");
  f.recordings.drain_all();
  CHECK(contents(f.path) == "one\nsuperd: 10 bytes lost: File too large\nfour\n");
}
