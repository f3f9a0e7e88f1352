#include <catch2/catch.hpp>

#include "core/dependencies.h"

using namespace superd::core;
using Names = std::vector<std::string>;

namespace {

// web needs cache and db, cache needs db, report needs db.
Dependencies site() {
  Dependencies graph;
  graph.add("web", {"cache", "db"});
  graph.add("cache", {"db"});
  graph.add("report", {"db"});
  graph.add("db", {});
  return graph;
}

Worker worker_in(WorkerState state) {
  Worker worker;
  worker.ref = {.group = "cache", .number = 1};
  worker.state = state;
  if (state == WorkerState::ready || state == WorkerState::stopping) worker.life.emplace();
  return worker;
}

Group group_of(const std::vector<WorkerState>& states) {
  Group group;
  group.name = "cache";
  for (const WorkerState state : states) group.workers.push_back(worker_in(state));
  group.state = derive_state(group);
  return group;
}

}  // namespace

TEST_CASE("dependencies: what is needed comes before what needs it", "[core]") {
  CHECK(site().needed_by("web") == Names{"db", "cache"});
  CHECK(site().needed_by("db").empty());
  CHECK(site().needed_by("nobody").empty());
}

TEST_CASE("dependencies: who needs a group is found over any number of steps", "[core]") {
  Names all = site().needing("db");
  std::sort(all.begin(), all.end());
  CHECK(all == Names{"cache", "report", "web"});
  CHECK(site().needing("cache") == Names{"web"});
  CHECK(site().needing("web").empty());
}

TEST_CASE("dependencies: a name that is no group, or named twice, is met once", "[core]") {
  Dependencies graph;
  graph.add("web", {"gone", "gone"});
  CHECK(graph.direct("web") == Names{"gone"});
  CHECK(graph.needed_by("web") == Names{"gone"});
  CHECK(graph.needing("gone") == Names{"web"});
}

TEST_CASE("dependencies: where nothing goes in a circle none is found", "[core]") {
  CHECK(site().circles().empty());
}

TEST_CASE("dependencies: a circle is found at each of its steps, the shortest one through it",
          "[core]") {
  Dependencies graph;
  graph.add("a", {"b"});
  graph.add("b", {"c", "a"});
  graph.add("c", {"a"});
  graph.add("before", {"a"});
  graph.add("c", {"behind"});
  const auto circles = graph.circles();
  REQUIRE(circles.size() == 4);
  CHECK(circles[0].path == Names{"a", "b", "a"});
  CHECK(circles[1].path == Names{"b", "c", "a", "b"});
  CHECK(circles[2].path == Names{"b", "a", "b"});
  CHECK(circles[3].path == Names{"c", "a", "b", "c"});
  CHECK(circles[3].group == "c");
  CHECK(circles[3].depends_on == "a");
  CHECK(graph.needed_by("a") == Names{"behind", "c", "b"});
}

TEST_CASE("dependencies: a group is up when all of it that is wanted is ready or has done its work",
          "[core]") {
  using enum WorkerState;
  CHECK(is_up(group_of({ready, ready})));
  CHECK(is_up(group_of({ready, exited})));
  CHECK(is_up(group_of({exited, exited})));
  CHECK(is_up(group_of({ready, stopped})));
  CHECK_FALSE(is_up(group_of({ready, starting})));
  CHECK_FALSE(is_up(group_of({ready, backoff})));
  CHECK_FALSE(is_up(group_of({ready, failed})));
  CHECK_FALSE(is_up(group_of({failed, exited})));
  CHECK_FALSE(is_up(group_of({stopped, stopped})));
  CHECK_FALSE(is_up(group_of({stopping, exited})));
}

TEST_CASE("dependencies: a group is down when nothing of it runs or is about to", "[core]") {
  using enum WorkerState;
  CHECK(is_down(group_of({stopped, stopped})));
  CHECK(is_down(group_of({stopped, stopping})));
  CHECK(is_down(group_of({stopped, failed})));
  CHECK_FALSE(is_down(group_of({stopped, backoff})));
  CHECK_FALSE(is_down(group_of({failed, starting})));
  CHECK_FALSE(is_down(group_of({ready, stopped})));
}
