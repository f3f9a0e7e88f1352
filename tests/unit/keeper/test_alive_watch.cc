#include <chrono>

#include <catch2/catch.hpp>

#include "keeper/alive_watch.h"

using superd::keeper::AliveWatch;
using namespace std::chrono_literals;
using Verdict = AliveWatch::Verdict;

namespace {

struct Watched {
  Watched() { watch.expect(now); }
  // The verdict at the next moment that something is due.
  Verdict next() {
    REQUIRE(watch.due());
    now = *watch.due();
    return watch.look(now);
  }
  void heard() { watch.heard(now += 1ms); }

  AliveWatch::TimePoint now{1h};
  AliveWatch watch{{.interval = 60s, .tick = 5s, .ticks = 6}};
};

}  // namespace

TEST_CASE("alive: a supervisor that says nothing from its start on hangs after 30 seconds",
          "[keeper]") {
  Watched supervisor;
  const auto start = supervisor.now;
  for (int i = 0; i < 5; ++i) CHECK(supervisor.next() == Verdict::fine);
  CHECK(supervisor.next() == Verdict::hangs);
  CHECK(supervisor.now - start == 30s);
  CHECK(supervisor.watch.heard_at() == start);
  CHECK_FALSE(supervisor.watch.due());
}

TEST_CASE("alive: a supervisor is asked when nothing came from it for a minute, and not before",
          "[keeper]") {
  Watched supervisor;
  supervisor.heard();
  const auto heard = supervisor.now;
  CHECK(supervisor.watch.look(heard + 59s) == Verdict::fine);
  CHECK(supervisor.next() == Verdict::ask);
  CHECK(supervisor.now - heard == 60s);
  CHECK(supervisor.next() == Verdict::fine);
  supervisor.heard();
  CHECK(*supervisor.watch.due() - supervisor.now == 60s);
}

TEST_CASE("alive: whatever comes after the question is an answer, also at the last moment",
          "[keeper]") {
  Watched supervisor;
  for (int i = 0; i < 5; ++i) CHECK(supervisor.next() == Verdict::fine);
  supervisor.heard();
  CHECK(supervisor.next() == Verdict::ask);
}

TEST_CASE("alive: a signal that is not acknowledged counts like a question", "[keeper]") {
  Watched supervisor;
  supervisor.heard();
  supervisor.watch.expect(supervisor.now);
  const auto asked = supervisor.now;
  supervisor.watch.expect(asked + 20s);  // a further one gives it no more time
  for (int i = 0; i < 5; ++i) CHECK(supervisor.next() == Verdict::fine);
  CHECK(supervisor.next() == Verdict::hangs);
  CHECK(supervisor.now - asked == 30s);
}

TEST_CASE("alive: a machine that stood still for an hour is not held against the supervisor",
          "[keeper]") {
  Watched supervisor;
  supervisor.now += 1h;
  CHECK(supervisor.watch.look(supervisor.now) == Verdict::fine);
  for (int i = 0; i < 4; ++i) CHECK(supervisor.next() == Verdict::fine);
  CHECK(supervisor.next() == Verdict::hangs);
}

TEST_CASE("alive: nothing is due while no supervisor lives, and the next one begins anew",
          "[keeper]") {
  Watched supervisor;
  supervisor.watch.ended();
  supervisor.watch.heard(supervisor.now);
  CHECK_FALSE(supervisor.watch.due());
  CHECK(supervisor.watch.look(supervisor.now + 1h) == Verdict::fine);
  supervisor.now += 2h;
  supervisor.watch.expect(supervisor.now);
  CHECK(supervisor.watch.heard_at() == supervisor.now);
  CHECK(supervisor.next() == Verdict::fine);
}
