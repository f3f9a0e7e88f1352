#include "logs/file_writer.h"

#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "logs/patience.h"
#include "logs/recordings.h"
#include "os/output_pipe.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

namespace {

// A disk that does not answer: what hangs on it goes on at release(), or with the test.
class HungDisk {
 public:
  [[nodiscard]] std::function<void()> job() const {
    return [answer = answer_] {
      answer->acquire();
      answer->release();
    };
  }
  void release() {
    if (!std::exchange(released_, true)) answer_->release();
  }
  ~HungDisk() { release(); }
  HungDisk() = default;
  HungDisk(const HungDisk&) = delete;
  HungDisk& operator=(const HungDisk&) = delete;

 private:
  std::shared_ptr<std::binary_semaphore> answer_ = std::make_shared<std::binary_semaphore>(0);
  bool released_ = false;
};

struct Fixture {
  TempDir dir;
  loop::Loop loop = loop::make_loop();
  std::vector<core::SpawnId> finished;
  Recordings recordings{loop, {}, [this](core::SpawnId spawn) { finished.push_back(spawn); }};
  HungDisk disk;
  std::string path = dir / "web.1.log";

  // A worker's pipe, recorded to the file.
  UniqueFd start(core::LogOverflow overflow, std::uint64_t spawn = 1, std::string to = {}) {
    Result<os::OutputPipe> pipe = os::make_output_pipe();
    REQUIRE(pipe);
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(pipe->read));
    recordings.start({.spawn = core::SpawnId{spawn},
                      .worker = "web.1",
                      .path = to.empty() ? path : to,
                      .format = LogFormat::raw,
                      .overflow = overflow},
                     std::move(fds));
    fcntl(pipe->write.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    return std::move(pipe->write);
  }
  void hang() {
    recordings.run_alone(path, disk.job(), [] {});
  }
};

bool say(const UniqueFd& pipe, const std::string& text) {
  return write(pipe.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// How much fits into a pipe that nobody reads.
std::size_t fill(const UniqueFd& pipe) {
  const std::string block = std::string(4095, 'x') + "\n";
  std::size_t written = 0;
  while (say(pipe, block)) written += block.size();
  return written;
}

}  // namespace

TEST_CASE("slow disk: what hangs on one file holds up no other, nor who asks for last lines",
          "[logs]") {
  Fixture f;
  const UniqueFd one = f.start(core::LogOverflow::drop);
  const std::string other_path = f.dir / "web.2.log";
  const UniqueFd other = f.start(core::LogOverflow::drop, 2, other_path);
  f.hang();
  REQUIRE(say(one, "waits\n"));
  REQUIRE(say(other, "goes on\n"));
  REQUIRE(loop::run_until(f.loop, [&] { return contents(other_path) == "goes on\n"; }));
  CHECK(texts(f.recordings.last(core::SpawnId{2}, 1)) == std::vector<std::string>{"goes on"});
  CHECK(contents(f.path).empty());
  f.disk.release();
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path) == "waits\n"; }));
}

TEST_CASE("overflow = drop: a worker does not wait for a disk that hangs; what is lost is counted",
          "[logs]") {
  Fixture f;
  const UniqueFd pipe = f.start(core::LogOverflow::drop);
  REQUIRE(say(pipe, "before\n"));
  f.recordings.drain_all();
  f.hang();
  std::size_t written = fill(pipe);
  // The pipe is emptied all the same.
  REQUIRE(loop::run_until(f.loop, [&] { return say(pipe, "more\n"); }));
  written += 5;
  REQUIRE(loop::run_until(f.loop, [&] {
    const auto last = texts(f.recordings.last(core::SpawnId{1}, 1));
    return !last.empty() && last[0].ends_with("more");
  }));
  f.disk.release();
  const std::string lost = fmt::format("superd: {} bytes lost: the disk did not answer\n", written);
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path) == "before\n" + lost; }));
  REQUIRE(say(pipe, "after\n"));
  REQUIRE(
      loop::run_until(f.loop, [&] { return contents(f.path) == "before\n" + lost + "after\n"; }));
}

TEST_CASE("overflow = block: a worker waits for a disk that hangs, and nothing is lost", "[logs]") {
  Fixture f;
  const UniqueFd pipe = f.start(core::LogOverflow::block);
  f.hang();
  const std::size_t written = fill(pipe);
  bool over = false;
  loop::Timer longer(f.loop, [&] { over = true; });
  longer.after(FileWriter::kLate + std::chrono::milliseconds(500));
  REQUIRE(loop::run_until(f.loop, [&] { return over; }));
  CHECK_FALSE(say(pipe, "no room\n"));
  f.disk.release();
  REQUIRE(loop::run_until(f.loop, [&] { return contents(f.path).size() == written; }));
}

TEST_CASE("slow disk: a worker's last words wait for it, and are written", "[logs]") {
  Fixture f;
  const UniqueFd pipe = f.start(core::LogOverflow::drop);
  f.hang();
  REQUIRE(say(pipe, "last words\n"));
  f.recordings.finish(core::SpawnId{1});
  CHECK(texts(f.recordings.last(core::SpawnId{1}, 1)) == std::vector<std::string>{"last words"});
  CHECK(f.recordings.busy());
  f.disk.release();
  REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
  CHECK(contents(f.path) == "last words\n");
}

TEST_CASE("slow disk: a worker that ended is told as finished when its last words are written",
          "[logs]") {
  Fixture f;
  const UniqueFd pipe = f.start(core::LogOverflow::drop);
  f.hang();
  REQUIRE(say(pipe, "last words\n"));
  f.recordings.finish(core::SpawnId{1});
  f.recordings.finish(core::SpawnId{1});
  CHECK(f.finished.empty());
  // Nobody must bring its pipes again, which are still in use.
  CHECK(f.recordings.spawns() == std::vector{core::SpawnId{1}});
  f.disk.release();
  REQUIRE(loop::run_until(f.loop, [&] { return !f.finished.empty(); }));
  CHECK(contents(f.path) == "last words\n");
  CHECK(f.recordings.spawns().empty());
  CHECK(f.finished.size() == 1);
  f.recordings.finish(core::SpawnId{77});
  CHECK(f.finished.back() == core::SpawnId{77});
}

TEST_CASE("slow disk: the logger can be ended while a file hangs", "[logs]") {
  HungDisk disk;
  {
    Fixture f;
    const UniqueFd pipe = f.start(core::LogOverflow::drop);
    f.recordings.run_alone(f.path, disk.job(), [] { FAIL("called after the end"); });
    REQUIRE(say(pipe, "lost\n"));
    f.recordings.drain_all();
    disk.release();
  }
}

TEST_CASE("slow disk: the loop stands still for a moment, and for a tenth of the time at most",
          "[logs]") {
  Patience patience;
  const auto start = loop::TimePoint(std::chrono::hours(1));
  CHECK(patience.left(start) == Patience::kMoment);
  patience.spend(std::chrono::microseconds(100));
  CHECK(patience.left(start) == Patience::kMoment);
  patience.spend(std::chrono::milliseconds(95));
  CHECK(patience.left(start) == std::chrono::milliseconds(5));
  patience.spend(std::chrono::milliseconds(5));
  CHECK(patience.left(start) == loop::Duration::zero());
  CHECK(patience.left(start + Patience::kPeriod) == Patience::kMoment);
}
