#include "loop/turn_times.h"

#include <chrono>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "loop/timer.h"

using namespace superd;
using namespace superd::loop;
using namespace std::chrono_literals;

TEST_CASE("turn times: what a callback takes is told, and what the loop waits is not", "[loop]") {
  Result<Loop> loop = Loop::create();
  REQUIRE(loop);
  std::vector<Duration> turns;
  const TurnTimes watch(*loop, [&](Duration worked) { turns.push_back(worked); });
  const TimePoint begin = now();
  Timer last(*loop, [] {});
  Timer first(*loop, [&] {
    std::this_thread::sleep_for(60ms);
    last.after(200ms);
  });
  first.after(200ms);
  loop->run();
  const Duration whole = now() - begin;
  Duration worked{};
  for (const Duration turn : turns) worked += turn;
  CHECK(worked >= 60ms);
  // Both waits are left out of it.
  CHECK(worked <= whole - 350ms);
}

TEST_CASE("turn times: the loop does not go on for their sake", "[loop]") {
  Result<Loop> loop = Loop::create();
  REQUIRE(loop);
  const TurnTimes watch(*loop, [](Duration) {});
  loop->run();
}
