#include <catch2/catch.hpp>

#include "core/repetition.h"

namespace superd::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};
constexpr Duration kCalm = 5s;

}  // namespace

TEST_CASE("trigger: changes that come one by one are acted on at once, however many", "[core]") {
  Repetition trigger(kCalm);
  TimePoint now = kStart;
  for (int i = 0; i < 100; ++i) {
    // Its roll took a second.
    CHECK(trigger.fire(now, now - kCalm) == 0s);
    now += 1s + kCalm;
  }
}

TEST_CASE("trigger: one that fires whenever it has acted waits, longer and longer", "[core]") {
  Repetition trigger(kCalm);
  TimePoint now = kStart;
  for (int i = 0; i < Repetition::kFree; ++i) {
    CHECK(trigger.fire(now, std::nullopt) == 0s);
    now += 1s;
  }
  for (const Duration expected : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    CHECK(trigger.fire(now, std::nullopt) == expected);
    now += expected + 1s;
  }
  CHECK(trigger.in_a_row() == Repetition::kFree + 8);
}

TEST_CASE("trigger: that its roll takes long is no rest", "[core]") {
  Repetition trigger(kCalm);
  TimePoint now = kStart;
  Duration last{};
  for (int i = 0; i <= Repetition::kFree; ++i) {
    last = trigger.fire(now, std::nullopt);
    now += 60s;
  }
  CHECK(last > 0s);
}

TEST_CASE("trigger: one that waited is acted on at once again when all was at rest", "[core]") {
  Repetition trigger(kCalm);
  TimePoint now = kStart;
  for (int i = 0; i <= Repetition::kFree; ++i) (void)trigger.fire(now, std::nullopt);
  // The rest before it acted is none after.
  const TimePoint acts = now + Repetition::kLeastWait;
  Repetition early = trigger;
  CHECK(early.fire(acts + 1s, now) > 0s);
  CHECK(trigger.fire(acts + 2s + kCalm, acts + 2s) == 0s);
  CHECK(trigger.in_a_row() == 1);
}

}  // namespace superd::core
