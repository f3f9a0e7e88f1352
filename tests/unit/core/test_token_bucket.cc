#include <catch2/catch.hpp>

#include "core/token_bucket.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {
TimePoint at(Duration since) { return TimePoint{} + 100s + since; }
}  // namespace

TEST_CASE("a rate: some at once, then one in each interval", "[core]") {
  TokenBucket bucket(3, 1s);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(bucket.take(at(0s)));
  CHECK(bucket.take(at(0s)) == 1s);
  CHECK(bucket.take(at(400ms)) == 600ms);
  CHECK_FALSE(bucket.take(at(1s)));
  CHECK(bucket.take(at(1s)) == 1s);
}

TEST_CASE("a rate: who waited long enough has all of them again, and no more", "[core]") {
  TokenBucket bucket(3, 1s);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(bucket.take(at(0s)));
  for (int i = 0; i < 3; ++i) CHECK_FALSE(bucket.take(at(1h)));
  CHECK(bucket.take(at(1h)) == 1s);
}

TEST_CASE("a rate: one that is refused costs nothing", "[core]") {
  TokenBucket bucket(1, 1s);
  CHECK_FALSE(bucket.take(at(0s)));
  for (int i = 0; i < 100; ++i) CHECK(bucket.take(at(500ms)) == 500ms);
  CHECK_FALSE(bucket.take(at(1s)));
}
