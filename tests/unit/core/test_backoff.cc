#include <cmath>
#include <limits>
#include <set>

#include <catch2/catch.hpp>

#include "core/backoff.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

RespawnSpec without_jitter() {
  RespawnSpec respawn;
  respawn.backoff.jitter = 0;
  return respawn;
}

NextAttempt fail_once(Failures& failures, const RespawnSpec& respawn, TimePoint now = kStart,
                      std::uint64_t seed = 1) {
  return after_life(failures, Duration::zero(), respawn, seed, now);
}

}  // namespace

TEST_CASE(
    "backoff: the first failure waits min, each further one factor times as long, at most max",
    "[core]") {
  const RespawnSpec respawn = without_jitter();
  Failures failures;
  std::vector<Duration> delays;
  for (int i = 0; i < 11; ++i) delays.push_back(fail_once(failures, respawn).delay);
  CHECK(delays == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12800ms,
                                        25600ms, 30s, 30s});
}

TEST_CASE("backoff: jitter spreads a delay by its share to both sides, and never above max",
          "[core]") {
  RespawnSpec respawn;
  respawn.backoff.jitter = 0.1;
  std::set<Duration> seen;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Failures failures;
    const Duration delay = fail_once(failures, respawn, kStart, seed).delay;
    CHECK(delay >= 90ms);
    CHECK(delay <= 110ms);
    seen.insert(delay);
  }
  CHECK(seen.size() > 900);
  CHECK(*seen.begin() < 92ms);
  CHECK(*seen.rbegin() > 108ms);
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Failures failures{.in_a_row = 1000, .recent = {}};
    const Duration delay = fail_once(failures, respawn, kStart, seed).delay;
    CHECK(delay >= 27s);
    CHECK(delay <= 30s);
  }
}

TEST_CASE("backoff: equal seeds give equal delays", "[core]") {
  const RespawnSpec respawn;
  Failures one;
  Failures other;
  CHECK(fail_once(one, respawn, kStart, 7).delay == fail_once(other, respawn, kStart, 7).delay);
}

TEST_CASE(
    "backoff: a worker that was ready for reset_after comes back at once, its failures forgotten",
    "[core]") {
  const RespawnSpec respawn = without_jitter();
  Failures failures;
  for (int i = 0; i < 5; ++i) (void)fail_once(failures, respawn);
  const NextAttempt next = after_life(failures, respawn.reset_after, respawn, 1, kStart);
  CHECK(next.kind == NextAttempt::Kind::respawn);
  CHECK(next.delay == Duration::zero());
  CHECK(fail_once(failures, respawn).delay == 100ms);
}

TEST_CASE("backoff: a life shorter than reset_after is a failure, ready or not", "[core]") {
  const RespawnSpec respawn = without_jitter();
  Failures failures;
  CHECK(after_life(failures, respawn.reset_after - 1ns, respawn, 1, kStart).delay == 100ms);
  CHECK(after_life(failures, 1s, respawn, 1, kStart).delay == 200ms);
}

TEST_CASE("backoff: with give_up, that many failures within the time end the attempts", "[core]") {
  RespawnSpec respawn = without_jitter();
  respawn.give_up = {.failures = 3, .within = 60s};
  Failures failures;
  CHECK(fail_once(failures, respawn, kStart).kind == NextAttempt::Kind::respawn);
  CHECK(fail_once(failures, respawn, kStart + 30s).kind == NextAttempt::Kind::respawn);
  CHECK(fail_once(failures, respawn, kStart + 60s).kind == NextAttempt::Kind::give_up);
}

TEST_CASE("backoff: failures that are further apart than give_up.within do not add up", "[core]") {
  RespawnSpec respawn = without_jitter();
  respawn.give_up = {.failures = 3, .within = 60s};
  Failures failures;
  for (int i = 0; i < 20; ++i) {
    CHECK(fail_once(failures, respawn, kStart + i * 31s).kind == NextAttempt::Kind::respawn);
  }
  CHECK(failures.recent.size() <= 3);
}

TEST_CASE("backoff: a healthy life in between starts the count of give_up anew", "[core]") {
  RespawnSpec respawn = without_jitter();
  respawn.give_up = {.failures = 2, .within = 60s};
  Failures failures;
  (void)fail_once(failures, respawn, kStart);
  (void)after_life(failures, 10s, respawn, 1, kStart + 11s);
  CHECK(fail_once(failures, respawn, kStart + 12s).kind == NextAttempt::Kind::respawn);
}

TEST_CASE("backoff: the largest numbers that a config may hold give a delay, and no overflow",
          "[core]") {
  RespawnSpec respawn;
  respawn.backoff = {.min = Duration::max(), .max = Duration::max(), .factor = 1e300, .jitter = 1};
  Failures failures;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CHECK(fail_once(failures, respawn, kStart, seed).delay >= Duration::zero());
  }
  respawn.backoff.min = Duration::zero();
  CHECK(fail_once(failures, respawn).delay == Duration::zero());
}
