#include <chrono>

#include <catch2/catch.hpp>

#include "keeper/crash_count.h"

using superd::keeper::CrashCount;
using namespace std::chrono_literals;

TEST_CASE("crashes: three within ten seconds are many, and then counting begins anew", "[keeper]") {
  CrashCount count;
  const CrashCount::TimePoint start{1h};
  CHECK_FALSE(count.crashed(start));
  CHECK_FALSE(count.crashed(start + 4s));
  CHECK(count.crashed(start + 10s));
  CHECK_FALSE(count.crashed(start + 10s));
  CHECK_FALSE(count.crashed(start + 11s));
  CHECK(count.crashed(start + 12s));
}

TEST_CASE("crashes: any number of them is not many while fewer than three fall into ten seconds",
          "[keeper]") {
  CrashCount count;
  CrashCount::TimePoint now{1h};
  for (int i = 0; i < 100; ++i, now += 5001ms) CHECK_FALSE(count.crashed(now));
}

TEST_CASE("crashes: the time that a supervisor hung before it was killed does not count",
          "[keeper]") {
  CrashCount count;
  CrashCount::TimePoint now{1h};
  CHECK_FALSE(count.crashed(now += 90s, 90s));
  CHECK_FALSE(count.crashed(now += 91s, 90s));
  CHECK(count.crashed(now += 92s, 90s));
}
