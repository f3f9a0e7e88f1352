#include "loop/work.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "loop/loop.h"
#include "run_until.h"

using namespace superd;
using namespace superd::loop;

namespace {

// A job that hangs until it is let go, as a call on a dead file system does.
struct Gate {
  UniqueFd in;
  UniqueFd out;

  Gate() {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    in.reset(fds[0]);
    out.reset(fds[1]);
  }
  void wait() const {
    char byte = 0;
    while (read(in.get(), &byte, 1) < 0) {
    }
  }
  void open() const { REQUIRE(write(out.get(), "....", 4) == 4); }
};

}  // namespace

TEST_CASE("work: a job runs in another thread, its result arrives on the loop", "[loop]") {
  Loop loop = make_loop();
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there;
  std::string result;
  const Work work = Work::with_result<std::string>(
      loop,
      [&there] {
        there = std::this_thread::get_id();
        return std::string("/srv/web/releases/7");
      },
      [&](std::string text) {
        CHECK(std::this_thread::get_id() == here);
        result = std::move(text);
      });
  CHECK(work.running());
  loop.run();
  CHECK(result == "/srv/web/releases/7");
  CHECK(there != here);
  CHECK_FALSE(work.running());
}

TEST_CASE("work: its owner may go while the job runs; the result is dropped", "[loop]") {
  const auto gate = std::make_shared<Gate>();
  const auto begun = std::make_shared<std::atomic<bool>>(false);
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  bool done = false;
  {
    Loop loop = make_loop();
    std::optional<Work> work;
    work.emplace(
        loop,
        [gate, begun, ended] {
          *begun = true;
          begun->notify_one();
          gate->wait();
          *ended = true;
        },
        [&] { done = true; });
    begun->wait(false);
    work.reset();
    gate->open();
  }
  CHECK(*ended);
  CHECK_FALSE(done);
}

TEST_CASE("work: a job that has not begun never runs once its owner is gone", "[loop]") {
  Loop loop = make_loop();
  const auto gate = std::make_shared<Gate>();
  std::vector<Work> busy;
  for (int i = 0; i < 4; ++i)
    busy.emplace_back(
        loop, [gate] { gate->wait(); }, [] {});
  const auto ran = std::make_shared<std::atomic<bool>>(false);
  {
    const Work waiting(
        loop, [ran] { *ran = true; }, [] {});
  }
  gate->open();
  loop.run();
  CHECK_FALSE(*ran);
}

TEST_CASE("work: it may be destroyed, or replaced, where its result arrives", "[loop]") {
  Loop loop = make_loop();
  int count = 0;
  const auto witness = std::make_shared<int>(1);
  std::optional<Work> work;
  std::function<void()> again = [&, witness] {
    count += *witness;
    if (count == 3) return work.reset();
    work.emplace(
        loop, [] {}, again);
    CHECK(*witness == 1);
  };
  work.emplace(
      loop, [] {}, again);
  loop.run();
  CHECK(count == 3);
}

TEST_CASE("work: the loop can wait for a job for a limited time", "[loop]") {
  Loop loop = make_loop();
  std::atomic<bool> go_on = false;
  int done = 0;
  Work work(
      loop,
      [&] {
        while (!go_on) std::this_thread::yield();
      },
      [&] { ++done; });
  CHECK_FALSE(work.wait(std::chrono::milliseconds(1)));
  CHECK(work.running());
  go_on = true;
  CHECK(work.wait(std::chrono::minutes(1)));
  CHECK(done == 1);
  CHECK_FALSE(work.running());
  CHECK_FALSE(work.wait(std::chrono::minutes(1)));
  loop.run();
  CHECK(done == 1);
}
