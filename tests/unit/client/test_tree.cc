#include <catch2/catch.hpp>

#include "client/tree.h"

namespace superd::client {

TEST_CASE("tree: processes are drawn under the one that started them", "[client]") {
  const std::vector<TreeNode> nodes = {
      {12, 10, "worker"}, {10, 1, "master"}, {11, 10, "worker"}, {20, 11, ""}};
  CHECK(draw_tree(nodes, LineStyle::unicode) ==
        "└─ 10 master\n"
        "   ├─ 11 worker\n"
        "   │  └─ 20\n"
        "   └─ 12 worker\n");
  CHECK(draw_tree(nodes, LineStyle::ascii) ==
        "`- 10 master\n"
        "   |- 11 worker\n"
        "   |  `- 20\n"
        "   `- 12 worker\n");
}

TEST_CASE("tree: a process whose parent is elsewhere is a branch of its own", "[client]") {
  CHECK(draw_tree({{10, 1, "a"}, {30, 2, "b"}}, LineStyle::ascii) == "|- 10 a\n`- 30 b\n");
}

TEST_CASE("tree: a circle of parents is drawn once", "[client]") {
  CHECK(draw_tree({{10, 11, ""}, {11, 10, ""}}, LineStyle::ascii) == "`- 10\n   `- 11\n");
  CHECK(draw_tree({{10, 10, ""}}, LineStyle::ascii) == "`- 10\n");
}

TEST_CASE("tree: nothing is nothing", "[client]") {
  CHECK(draw_tree({}, LineStyle::unicode).empty());
}

TEST_CASE("tree: a process cannot draw with its title", "[client]") {
  CHECK(draw_tree({{10, 1, "a\x1b[2J"}}, LineStyle::ascii) == "`- 10 a\\x1b[2J\n");
}

}  // namespace superd::client
