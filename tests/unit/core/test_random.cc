#include <cstdlib>
#include <iostream>
#include <string>

#include <catch2/catch.hpp>

#include "random_world.h"

using namespace superd::core;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// The first breach; empty: none.
std::string run(std::uint64_t seed) {
  RandomWorld world(seed);
  const int steps = 20 + static_cast<int>(seed % 100);
  for (int i = 0; i < steps && world.breach().empty(); ++i) world.step();
  world.settle();
  world.check_settled();
  if (seed % 2 == 0) world.let_all_die();
  world.shut_down(Urgency::ordered);
  world.settle();
  world.check_settled();
  world.let_all_die();
  world.settle();
  world.check_nothing_left();
  return world.breach();
}

// A journal of which any value is one version old; then the world obeys.
std::string run_spoiled(std::uint64_t seed) {
  RandomWorld world(seed);
  const int steps = 20 + static_cast<int>(seed % 100);
  for (int i = 0; i < steps && world.breach().empty(); ++i) {
    // What is older than the value before is of no use.
    if (i + 15 == steps) world.keep_what_was_written();
    world.step();
  }
  world.crash_spoiled();
  world.settle();
  world.check_rolls();
  return world.breach();
}

void run_many(std::string (*run_one)(std::uint64_t seed), std::uint64_t usual_runs) {
  const std::uint64_t first =
      from_environment("SUPERD_RANDOM_SEED", std::random_device()() % 1'000'000'000);
  const std::uint64_t runs = from_environment("SUPERD_RANDOM_RUNS", usual_runs);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    const std::string breach = run_one(seed);
    if (breach.empty()) continue;
    FAIL("again with SUPERD_RANDOM_SEED=" << seed << " SUPERD_RANDOM_RUNS=1\n" << breach);
  }
  std::cout << "random: " << runs << " runs from SUPERD_RANDOM_SEED=" << first << "\n";
}

}  // namespace

TEST_CASE("random: whatever happens in whatever order, the core keeps its promises", "[core]") {
  run_many(run, 1500);
}

TEST_CASE("random: a roll of which a spoiled journal has only a part comes to its end", "[core]") {
  run_many(run_spoiled, 200);
}
