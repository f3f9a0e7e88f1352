#include <catch2/catch.hpp>

#include "wait_state.h"

namespace superd::superctl {

TEST_CASE("wait: a state that nothing is ever in is refused", "[superctl]") {
  CHECK(objection("running").empty());
  CHECK(objection("ready").empty());
  CHECK(objection("redy") == R"(--for: no such state "redy", did you mean "ready"?)");
}

TEST_CASE("wait: a worker has other states than a group", "[superctl]") {
  const client::Target web{.group = "web"};
  const client::Target worker{.group = "web", .worker = "web.1"};
  CHECK(objection(web, "running").empty());
  CHECK(objection(worker, "ready").empty());
  CHECK(objection(web, "ready").starts_with(R"(web is never "ready" (states of a group: )"));
  CHECK(objection(worker, "running").starts_with(R"(web.1 is never "running")"));
}

TEST_CASE("wait: what was stopped or has failed does not run by itself again", "[superctl]") {
  CHECK(is_hopeless("stopped", "running"));
  CHECK(is_hopeless("failed", "ready"));
  CHECK(is_hopeless("exited", "ready"));
  CHECK_FALSE(is_hopeless("backoff", "ready"));
  CHECK_FALSE(is_hopeless("starting", "running"));
  CHECK_FALSE(is_hopeless("failed", "stopped"));
}

}  // namespace superd::superctl
