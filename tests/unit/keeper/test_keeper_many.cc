#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "keeper_under_test.h"

using superd::keeper::test::KeeperUnderTest;
using superd::keeper::test::wait_until;
using Clock = std::chrono::steady_clock;

namespace {

long memory_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  }
  return -1;
}

long milliseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

std::size_t descriptors(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("keeper: what 5,000 workers have is kept over crashes, in order and without a leak",
          "[.many]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  const long before_kib = memory_kib(keeper.pid());
  auto start = Clock::now();
  keeper.signal(SIGRTMIN + 10);
  const auto put = keeper.nth_event(1, "put workers ");
  REQUIRE(put);
  // 5,000 where RLIMIT_NOFILE allows what they have.
  const std::size_t workers = std::stoul(put->substr(12));
  CHECK(workers > 100);
  std::cout << workers * 5 << " descriptors put in " << milliseconds_since(start) << " ms\n";
  const std::size_t held = descriptors(keeper.pid());
  CHECK(held > workers * 5);
  for (std::size_t life = 2; life <= 4; ++life) {
    REQUIRE(::kill(keeper.nth_pid(life - 1, "supervisor"), SIGKILL) == 0);
    REQUIRE(keeper.nth_pid(life, "supervisor") > 0);
    start = Clock::now();
    CHECK(keeper.nth_event(life - 1, "many items ") ==
          fmt::format("many items {} descriptors {} in order", workers * 4 + 1, workers * 5 + 1));
    std::cout << "given back in " << milliseconds_since(start) << " ms\n";
    REQUIRE(keeper.supervised(life));
  }
  CHECK(wait_until([&] { return descriptors(keeper.pid()) <= held; }));
  std::cout << "the keeper's memory: " << before_kib << " KiB, with them "
            << memory_kib(keeper.pid()) << " KiB\n";
}
