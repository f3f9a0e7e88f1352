#include <limits>

#include <catch2/catch.hpp>

#include "wire/metrics_text.h"

namespace superd::wire {

using Type = MetricsText::Type;

TEST_CASE("metrics: a family is its help, its type and then its samples", "[wire]") {
  MetricsText page;
  page.family("superd_rolls_total", Type::counter, "Rolls that ended.");
  page.sample({{"group", "web"}, {"result", "done"}}, std::uint64_t{3});
  page.sample({{"group", "web"}, {"result", "mixed"}}, std::uint64_t{0});
  page.family("superd_start_time_seconds", Type::gauge, "When superd began.");
  page.sample({}, 1700000000.25);
  CHECK(page.take() ==
        "# HELP superd_rolls_total Rolls that ended.\n"
        "# TYPE superd_rolls_total counter\n"
        "superd_rolls_total{group=\"web\",result=\"done\"} 3\n"
        "superd_rolls_total{group=\"web\",result=\"mixed\"} 0\n"
        "# HELP superd_start_time_seconds When superd began.\n"
        "# TYPE superd_start_time_seconds gauge\n"
        "superd_start_time_seconds 1700000000.25\n");
}

TEST_CASE("metrics: quotes, backslashes and newlines are escaped, and what is no UTF-8 replaced",
          "[wire]") {
  MetricsText page;
  page.family("a", Type::gauge, "one\ntwo \\ \"three\"");
  page.sample({{"l", "a\"b\\c\nd"}}, std::uint64_t{1});
  page.sample({{"l", "ü€😀"}}, std::uint64_t{2});
  page.sample({{"l", "\xff\xc0\x80|\xed\xa0\x80|\xe2\x82"}}, std::uint64_t{3});
  const std::string bad = "\xef\xbf\xbd";
  CHECK(page.take() ==
        "# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\n"
        "a{l=\"a\\\"b\\\\c\\nd\"} 1\n"
        "a{l=\"ü€😀\"} 2\n"
        "a{l=\"" +
            bad + bad + bad + "|" + bad + bad + bad + "|" + bad + bad + "\"} 3\n");
}

TEST_CASE("metrics: no series and no family is told twice, and none without a sample", "[wire]") {
  MetricsText page;
  page.family("a", Type::gauge, "A.");
  page.sample({{"l", "1"}}, std::uint64_t{1});
  page.sample({{"l", "1"}}, std::uint64_t{2});
  page.family("empty", Type::gauge, "Nothing.");
  page.family("a", Type::gauge, "Again.");
  page.sample({{"l", "2"}}, std::uint64_t{3});
  CHECK(page.take() == "# HELP a A.\n# TYPE a gauge\na{l=\"1\"} 1\n");
}

TEST_CASE("metrics: the buckets of a histogram each count all that took no longer", "[wire]") {
  constexpr double kBounds[] = {0.1, 1, 10};
  Histogram took;
  for (const double seconds : {0.05, 0.1, 0.5, 20.0}) took.observe(seconds, kBounds);
  MetricsText page;
  page.family("d_seconds", Type::histogram, "D.");
  page.sample({{"group", "web"}}, took, kBounds);
  page.sample({}, Histogram{}, kBounds);
  CHECK(page.take() ==
        "# HELP d_seconds D.\n# TYPE d_seconds histogram\n"
        "d_seconds_bucket{group=\"web\",le=\"0.1\"} 2\n"
        "d_seconds_bucket{group=\"web\",le=\"1\"} 3\n"
        "d_seconds_bucket{group=\"web\",le=\"10\"} 3\n"
        "d_seconds_bucket{group=\"web\",le=\"+Inf\"} 4\n"
        "d_seconds_sum{group=\"web\"} 20.65\n"
        "d_seconds_count{group=\"web\"} 4\n"
        "d_seconds_bucket{le=\"0.1\"} 0\n"
        "d_seconds_bucket{le=\"1\"} 0\n"
        "d_seconds_bucket{le=\"10\"} 0\n"
        "d_seconds_bucket{le=\"+Inf\"} 0\n"
        "d_seconds_sum 0\n"
        "d_seconds_count 0\n");
}

TEST_CASE("metrics: what is no finite number has Prometheus' word", "[wire]") {
  MetricsText page;
  page.family("a", Type::gauge, "A.");
  page.sample({{"l", "1"}}, std::numeric_limits<double>::infinity());
  page.sample({{"l", "2"}}, -std::numeric_limits<double>::infinity());
  page.sample({{"l", "3"}}, std::numeric_limits<double>::quiet_NaN());
  CHECK(page.take() ==
        "# HELP a A.\n# TYPE a gauge\na{l=\"1\"} +Inf\na{l=\"2\"} -Inf\na{l=\"3\"} NaN\n");
}

}  // namespace superd::wire
