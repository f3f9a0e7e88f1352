#include "logs/recordings.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "os/output_pipe.h"
#include "recordings_fixture.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

TEST_CASE("capture: both streams of a worker go into its file, told apart in format cri",
          "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), std::move(output.read_ends));
  CHECK(access(f.path.c_str(), F_OK) == 0);
  output.say("hello\nhalf");
  REQUIRE(loop::run_until(f.loop, [&] { return !contents(f.path).empty(); }));
  output.say("oh no\n", 1);
  REQUIRE(loop::run_until(f.loop, [&] { return without_time(f.path).size() == 2; }));
  output.say(" a line\n");
  REQUIRE(loop::run_until(f.loop, [&] { return without_time(f.path).size() == 3; }));
  CHECK(without_time(f.path) ==
        std::vector<std::string>{"stdout F hello", "stderr F oh no", "stdout F half a line"});
}

TEST_CASE("capture: a pipe that cannot be watched now is watched as soon as it can be", "[logs]") {
  RecordingsFixture f;
  Output output(2);
  Result<loop::Poll> in_the_way = loop::Poll::readable(f.loop, output.read_ends.at(0).get(), [] {});
  REQUIRE(in_the_way);
  f.recordings.start(f.capture(1), std::move(output.read_ends));
  output.say("hello\n");
  { const loop::Poll gone = std::move(*in_the_way); }
  REQUIRE(loop::run_until(f.loop, [&] { return !contents(f.path).empty(); }));
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F hello"});
}

TEST_CASE("capture: format raw keeps the bytes as they were written", "[logs]") {
  RecordingsFixture f;
  Output output(1);
  f.recordings.start(f.capture(1, LogFormat::raw), std::move(output.read_ends));
  const std::string bytes("\x1b[31mred\0\xff\nprompt> ", 19);
  output.say(bytes);
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path) == bytes; }));
  CHECK(texts(f.recordings.last(core::SpawnId{1}, 9)).back() == "prompt> ");
}

TEST_CASE("capture: at the end of a worker everything that it wrote is in its file", "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), std::move(output.read_ends));
  output.say("last words");
  output.say("Traceback\n  File x\n", 1);
  f.recordings.finish(core::SpawnId{1});
  CHECK(without_time(f.path) ==
        std::vector<std::string>{"stderr F Traceback", "stderr F   File x", "stdout F last words"});
  CHECK(f.recordings.spawns().empty());
  CHECK(texts(f.recordings.last(core::SpawnId{1}, 2)) ==
        std::vector<std::string>{"  File x", "last words"});
  f.recordings.finish(core::SpawnId{1});
}

TEST_CASE("capture: the last lines of a worker are those up to this moment", "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), std::move(output.read_ends));
  output.say("one\ntwo");
  const std::vector<Line> lines = f.recordings.last(core::SpawnId{1}, 5);
  CHECK(texts(lines) == std::vector<std::string>{"one", "two"});
  CHECK(lines.at(0).worker == "web.1");
  CHECK(f.recordings.last(core::SpawnId{77}, 5).empty());
}

TEST_CASE("capture: an old process and its successor write to the same file", "[logs]") {
  RecordingsFixture f;
  Output old_one(2);
  Output new_one(2);
  f.recordings.start(f.capture(1), std::move(old_one.read_ends));
  f.recordings.start(f.capture(2), std::move(new_one.read_ends));
  old_one.say("going");
  new_one.say("coming\n");
  f.recordings.drain_path(f.path);
  old_one.say(" away\n");
  f.recordings.finish(core::SpawnId{1});
  new_one.say("there\n");
  f.recordings.finish(core::SpawnId{2});
  CHECK(without_time(f.path) ==
        std::vector<std::string>{"stdout F coming", "stdout F going away", "stdout F there"});
}

TEST_CASE("capture: asking again for a spawn that is captured loses and doubles nothing",
          "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), output.again());
  output.say("begun ");
  f.recordings.drain_all();
  f.recordings.start(f.capture(1), output.again());
  output.say("before, ended after\n");
  f.recordings.finish(core::SpawnId{1});
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F begun before, ended after"});
}

TEST_CASE("capture: a spawn's id with other pipes is another process", "[logs]") {
  RecordingsFixture f;
  Output first(2);
  Output second(1);
  f.recordings.start(f.capture(1), std::move(first.read_ends));
  first.say("first");
  f.recordings.start(f.capture(1), std::move(second.read_ends));
  second.say("second");
  f.recordings.finish(core::SpawnId{1});
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F first", "stdout F second"});
}

TEST_CASE("capture: the handle that a worker writes to serves as well, and goes on blocking",
          "[logs]") {
  RecordingsFixture f;
  Output output(1);
  std::vector<UniqueFd> handles;
  handles.emplace_back(fcntl(output.write_ends[0].get(), F_DUPFD_CLOEXEC, 0));
  f.recordings.start(f.capture(1), std::move(handles));
  CHECK((fcntl(output.write_ends[0].get(), F_GETFL) & O_NONBLOCK) == 0);
  output.say("hello\n");
  REQUIRE(loop::run_until(f.loop, [&] { return !contents(f.path).empty(); }));
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F hello"});
}

TEST_CASE("capture: a pipe whose writers are all gone is left alone until its finish", "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), std::move(output.read_ends));
  output.say("bye\n");
  output.write_ends.clear();
  // The loop runs empty: nothing is watched any more.
  f.loop.run();
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F bye"});
  CHECK(f.recordings.spawns().size() == 1);
  f.recordings.finish(core::SpawnId{1});
}

TEST_CASE("capture: a request without pipes, or with too many, is left out", "[logs]") {
  RecordingsFixture f;
  f.recordings.start(f.capture(1), {});
  Output three(3);
  f.recordings.start(f.capture(2), std::move(three.read_ends));
  CHECK(f.recordings.spawns().empty());
}

TEST_CASE("capture: a worker that never stops writing leaves the others their turn", "[logs]") {
  RecordingsFixture f;
  Output loud(1);
  Output quiet(2);
  Capture other = f.capture(2);
  other.path = f.dir / "web.2.log";
  // Rotated all the time, so that the test leaves little on the disk.
  Capture noise = f.capture(1, LogFormat::raw);
  noise.max_size = 1000;
  f.recordings.start(noise, std::move(loud.read_ends));
  f.recordings.start(other, std::move(quiet.read_ends));
  quiet.say("hello\n");
  fcntl(loud.write_ends[0].get(), F_SETFL, O_RDWR | O_NONBLOCK);
  const std::string block(4096, 'x');
  const auto heard = [&] {
    while (write(loud.write_ends[0].get(), block.data(), block.size()) > 0) {
    }
    return !contents(other.path).empty();
  };
  CHECK(loop::run_until(f.loop, heard));
}

TEST_CASE("capture: a line that is looked for is told, from the first byte in the pipe on",
          "[logs]") {
  RecordingsFixture f;
  Output output(2);
  output.say("booting\n");
  output.say("Listening at 8000\n", 1);
  Capture capture = f.capture(1);
  capture.match = "^Listening";
  f.recordings.start(capture, std::move(output.read_ends));
  REQUIRE(loop::run_until(f.loop, [&] { return !f.matched.empty(); }));
  output.say("Listening again\n", 1);
  f.recordings.drain_all();
  CHECK(f.matched == std::vector{core::SpawnId{1}});
}

TEST_CASE("capture: nobody is told of a line that is looked for no more", "[logs]") {
  RecordingsFixture f;
  Output output(1);
  Capture capture = f.capture(1, LogFormat::raw);
  capture.match = "up";
  f.recordings.start(capture, std::move(output.read_ends));
  f.recordings.stop_matching(core::SpawnId{1});
  output.say("up\n");
  f.recordings.drain_all();
  CHECK(f.matched.empty());
}

TEST_CASE("capture: a supervisor that comes later is told of the line that was found before",
          "[logs]") {
  RecordingsFixture f;
  Output output(1);
  Capture capture = f.capture(1, LogFormat::raw);
  capture.match = "up";
  std::vector<UniqueFd> again = output.again();
  std::vector<UniqueFd> and_again = output.again();
  f.recordings.start(capture, std::move(output.read_ends));
  output.say("up\n");
  f.recordings.drain_all();
  f.recordings.start(capture, std::move(again));
  CHECK(f.matched.size() == 2);
  // Something else is looked for from now on.
  capture.match = "down";
  f.recordings.start(capture, std::move(and_again));
  output.say("up\ndown\n");
  f.recordings.drain_all();
  CHECK(f.matched.size() == 3);
}

TEST_CASE("capture: without a file only the last lines are kept, and matched", "[logs]") {
  RecordingsFixture f;
  Output output(2);
  Capture capture = f.capture(1);
  capture.path = "";
  capture.match = "two";
  std::vector<UniqueFd> again = output.again();
  f.recordings.start(capture, std::move(output.read_ends));
  output.say("one\ntwo\nthree");
  f.recordings.drain_all();
  f.recordings.start(capture, std::move(again));
  CHECK(f.matched.size() == 2);
  f.recordings.finish(core::SpawnId{1});
  CHECK(texts(f.recordings.last(core::SpawnId{1}, 9)) ==
        std::vector<std::string>{"one", "two", "three"});
  CHECK(access(f.path.c_str(), F_OK) != 0);
}

TEST_CASE("reopen: what was written before is in the file that was moved, and a new one is there",
          "[logs]") {
  RecordingsFixture f;
  Output output(2);
  f.recordings.start(f.capture(1), output.again());
  output.say("before\n");
  f.recordings.drain_all();
  const std::string moved = f.dir / "moved";
  REQUIRE(rename(f.path.c_str(), moved.c_str()) == 0);
  f.recordings.reopen_files([] {});
  CHECK(without_time(moved) == std::vector<std::string>{"stdout F before"});
  CHECK(access(f.path.c_str(), F_OK) == 0);
  CHECK(contents(f.path).empty());
  output.say("after\n");
  f.recordings.drain_all();
  CHECK(without_time(f.path) == std::vector<std::string>{"stdout F after"});
}

TEST_CASE("capture: with compress the rotated files are gzip files", "[logs]") {
  RecordingsFixture f;
  Output output(1);
  Capture capture = f.capture(1, LogFormat::raw);
  capture.max_size = 10;
  capture.keep = 5;
  capture.compress = true;
  f.recordings.start(capture, output.again());
  output.say("one\ntwo\nthree\nfour\n");
  REQUIRE(loop::run_until(f.loop, [&] { return access((f.path + ".1.gz").c_str(), F_OK) == 0; }));
  CHECK(contents(f.path) == "four\n");
}
