#include <catch2/catch.hpp>

#include "daemon/cpu_time.h"

namespace superd::daemon {
namespace {

os::ProcessUsage used(pid_t parent, double seconds, double children = 0, double started = 1) {
  return {.parent = parent,
          .cpu_seconds = seconds,
          .children_cpu_seconds = children,
          .started = started};
}

}  // namespace

TEST_CASE("metrics: CPU time of a process that is gone stays counted", "[daemon]") {
  CpuTime time;
  CHECK(time.add({{10, used(1, 2)}, {11, used(1, 3)}}) == Approx(5));
  CHECK(time.add({{10, used(1, 2.5)}}) == Approx(5.5));
  CHECK(time.add({}) == Approx(5.5));
  CHECK(time.add({{12, used(1, 1)}}) == Approx(6.5));
}

TEST_CASE("metrics: CPU time of a child that its parent waited for is counted once", "[daemon]") {
  CpuTime time;
  CHECK(time.add({{10, used(1, 2)}, {11, used(10, 3)}}) == Approx(5));
  CHECK(time.add({{10, used(1, 2, 4)}}) == Approx(6));
  CHECK(time.add({}) == Approx(6));
}

TEST_CASE("metrics: CPU time goes on with another process of the same number", "[daemon]") {
  CpuTime time;
  CHECK(time.add({{10, used(1, 7, 0, 100)}}) == Approx(7));
  CHECK(time.add({{10, used(1, 1, 0, 200)}}) == Approx(8));
}

TEST_CASE("metrics: CPU time never goes back", "[daemon]") {
  CpuTime time;
  CHECK(time.add({{10, used(1, 2)}, {11, used(10, 3)}}) == Approx(5));
  CHECK(time.add({{10, used(1, 2)}}) == Approx(5));
  CHECK(time.add({{10, used(1, 6)}}) == Approx(6));
}

}  // namespace superd::daemon
