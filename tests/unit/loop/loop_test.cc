#include "loop/loop.h"

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"
#include "loop/defer.h"
#include "loop/poll.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "run_until.h"

using namespace superd;
using namespace superd::loop;
using namespace std::chrono_literals;

namespace {

struct Pair {
  UniqueFd one;
  UniqueFd two;
};

Pair stream_pair() {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace

TEST_CASE("timer: it fires once, and never before its time", "[loop]") {
  Loop loop = make_loop();
  const TimePoint deadline = now() + 3ms;
  std::vector<TimePoint> fired;
  Timer timer(loop, [&] { fired.push_back(now()); });
  timer.at(deadline);
  CHECK(timer.armed());
  loop.run();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0] >= deadline);
  CHECK_FALSE(timer.armed());
}

TEST_CASE("timer: arming it again replaces its deadline, cancelling removes it", "[loop]") {
  Loop loop = make_loop();
  int early = 0;
  int late = 0;
  Timer cancelled(loop, [&] { ++early; });
  cancelled.after(1ms);
  cancelled.cancel();
  Timer rearmed(loop, [&] { ++late; });
  rearmed.after(24h);
  rearmed.after(1ms);
  loop.run();
  CHECK(early == 0);
  CHECK(late == 1);
}

TEST_CASE("timer: a deadline in the past fires at once, one beyond all time is accepted",
          "[loop]") {
  Loop loop = make_loop();
  bool fired = false;
  Timer never(loop, [] {});
  never.after(Duration::max());
  CHECK(never.armed());
  Timer past(loop, [&] {
    fired = true;
    loop.stop();
  });
  past.at(TimePoint{});
  loop.run();
  CHECK(fired);
}

TEST_CASE("timer: it may be armed again or destroyed in its own callback", "[loop]") {
  Loop loop = make_loop();
  int count = 0;
  // Something on the heap, so that a use after the end shows.
  const auto witness = std::make_shared<int>(7);
  std::optional<Timer> timer;
  timer.emplace(loop, [&, witness] {
    if (++count < 3) return timer->after(0ms);
    timer.reset();
    CHECK(*witness == 7);
  });
  timer->after(0ms);
  loop.run();
  CHECK(count == 3);
  CHECK_FALSE(timer);
  CHECK(witness.use_count() == 1);
}

TEST_CASE("timer: it keeps its deadline when it is moved", "[loop]") {
  Loop loop = make_loop();
  int count = 0;
  Timer first(loop, [&] { ++count; });
  first.after(1ms);
  Timer second = std::move(first);
  loop.run();
  CHECK(count == 1);
}

TEST_CASE("loop: moving it leaves what was made on it working", "[loop]") {
  Loop first = make_loop();
  int count = 0;
  Timer timer(first, [&] { ++count; });
  timer.after(1ms);
  Loop second = std::move(first);
  second.run();
  CHECK(count == 1);
  timer.cancel();
  // The timer is destroyed before `second`, the owner of the loop, only if it goes first.
  [[maybe_unused]] const Timer last = std::move(timer);
}

TEST_CASE("poll: it tells what a descriptor is ready for, until that is gone", "[loop]") {
  Loop loop = make_loop();
  Pair pair = stream_pair();
  int readable = 0;
  int writable = 0;
  Result<Poll> poll = Poll::create(loop, pair.one.get(), [&](PollEvents events) {
    if (events.readable) ++readable;
    if (events.writable) ++writable;
  });
  REQUIRE(poll);
  poll->watch({.writable = true});
  REQUIRE(run_until(loop, [&] { return writable > 1; }));
  CHECK(readable == 0);
  REQUIRE(write(pair.two.get(), "x", 1) == 1);
  poll->watch({.readable = true});
  writable = 0;
  REQUIRE(run_until(loop, [&] { return readable > 1; }));
  CHECK(writable == 0);
  poll->stop();
  readable = 0;
  loop.run();
  CHECK(readable == 0);
}

TEST_CASE("poll: the end of the other side is told as what was asked for", "[loop]") {
  Loop loop = make_loop();
  Pair pair = stream_pair();
  bool told = false;
  Result<Poll> poll = Poll::create(loop, pair.one.get(), [&](PollEvents events) {
    told = events.readable;
    loop.stop();
  });
  REQUIRE(poll);
  poll->watch({.readable = true});
  pair.two.reset();
  loop.run();
  CHECK(told);
}

TEST_CASE("poll: an error condition ends the watch until the next one", "[loop]") {
  Loop loop = make_loop();
  std::array<int, 2> fds{};
  REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
  UniqueFd read_end(fds[0]);
  const UniqueFd write_end(fds[1]);
  int told = 0;
  Result<Poll> poll = Poll::create(loop, write_end.get(), [&](PollEvents) { ++told; });
  REQUIRE(poll);
  read_end.reset();
  poll->watch({.writable = true});
  loop.run();
  CHECK(told == 1);
  poll->watch({.writable = true});
  loop.run();
  CHECK(told == 2);
}

TEST_CASE("poll: it may be destroyed in its own callback", "[loop]") {
  Loop loop = make_loop();
  Pair pair = stream_pair();
  const auto witness = std::make_shared<int>(7);
  std::optional<Poll> poll;
  int count = 0;
  Result<Poll> made = Poll::create(loop, pair.one.get(), [&, witness](PollEvents) {
    poll.reset();
    count += *witness;
  });
  REQUIRE(made);
  poll = std::move(*made);
  poll->watch({.writable = true});
  loop.run();
  CHECK(count == 7);
}

TEST_CASE("poll: it leaves the descriptor blocking, as all its holders see it", "[loop]") {
  Loop loop = make_loop();
  Pair pair = stream_pair();
  Result<Poll> poll = Poll::create(loop, pair.one.get(), [](PollEvents) {});
  REQUIRE(poll);
  CHECK((fcntl(pair.one.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("poll: what cannot be polled is refused with its reason", "[loop]") {
  Loop loop = make_loop();
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const Result<Poll> of_file = Poll::create(loop, file.get(), [](PollEvents) {});
  REQUIRE_FALSE(of_file);
  CHECK(of_file.error().code == EPERM);
  const Result<Poll> of_nothing = Poll::create(loop, -1, [](PollEvents) {});
  REQUIRE_FALSE(of_nothing);
  CHECK(of_nothing.error().code == EBADF);
}

TEST_CASE("signal: its function runs on the loop, also when it destroys it", "[loop]") {
  Loop loop = make_loop();
  std::optional<Signal> signal;
  int count = 0;
  Result<Signal> made = Signal::create(loop, SIGUSR1, [&] {
    ++count;
    signal.reset();
  });
  REQUIRE(made);
  signal = std::move(*made);
  REQUIRE(raise(SIGUSR1) == 0);
  CHECK(count == 0);
  loop.run();
  CHECK(count == 1);
}

TEST_CASE("signal: KILL is refused", "[loop]") {
  Loop loop = make_loop();
  const Result<Signal> signal = Signal::create(loop, SIGKILL, [] {});
  REQUIRE_FALSE(signal);
  CHECK(signal.error().code == EINVAL);
}

TEST_CASE("defer: many requests of one turn are one call at its end", "[loop]") {
  Loop loop = make_loop();
  int turns = 0;
  std::vector<int> calls;
  Defer defer(loop, [&] { calls.push_back(turns); });
  const UniqueFd event(eventfd(1, EFD_CLOEXEC));
  std::optional<Poll> poll;
  Result<Poll> made = Poll::create(loop, event.get(), [&](PollEvents) {
    ++turns;
    defer.schedule();
    defer.schedule();
    if (turns == 2) poll.reset();
  });
  REQUIRE(made);
  poll = std::move(*made);
  poll->watch({.readable = true});
  loop.run();
  CHECK(calls == std::vector<int>{1, 2});
  CHECK_FALSE(defer.scheduled());
}

TEST_CASE("defer: asked for in its own callback it runs again; it may be cancelled and destroyed",
          "[loop]") {
  Loop loop = make_loop();
  int count = 0;
  std::optional<Defer> defer;
  defer.emplace(loop, [&] {
    if (++count < 3) return defer->schedule();
    defer.reset();
  });
  defer->schedule();
  int cancelled = 0;
  Defer other(loop, [&] { ++cancelled; });
  other.schedule();
  other.cancel();
  loop.run();
  CHECK(count == 3);
  CHECK(cancelled == 0);
}
