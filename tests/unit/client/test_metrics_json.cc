#include <catch2/catch.hpp>

#include "metrics_json.h"

namespace superd::superctl {

TEST_CASE("metrics --json: each sample with its labels and its value", "[client]") {
  const auto read = metrics_json(
      "# HELP a A.\n# TYPE a gauge\na 1\n"
      "a{l=\"x\\\"y\\\\z\\n{},= \",m=\"\"} 2.5\n"
      "a_bucket{le=\"+Inf\"} +Inf\n");
  REQUIRE(read);
  CHECK(read->dump() == R"({"metrics":[{"name":"a","labels":{},"value":1.0},)"
                        R"({"name":"a","labels":{"l":"x\"y\\z\n{},= ","m":""},"value":2.5},)"
                        R"({"name":"a_bucket","labels":{"le":"+Inf"},"value":"+Inf"}]})");
}

TEST_CASE("metrics --json: what is no metric is an error", "[client]") {
  for (const char* text : {"a\n", " 1\n", "a{l=\"x} 1\n", "a{l=x} 1\n", "a{l=\"x\" 1\n", "{}\n"}) {
    INFO(text);
    CHECK_FALSE(metrics_json(text));
  }
}

}  // namespace superd::superctl
