#include <catch2/catch.hpp>

#include "processes.h"

namespace superd::superctl {

TEST_CASE("whose: a line is the pid, the worker, the role and the generation", "[superctl]") {
  CHECK(whose_line({.pid = 4711, .worker = "web.2", .role = wire::Role::main, .generation = 7}) ==
        "4711 web.2 main 7");
  CHECK(whose_line({.pid = 4712, .worker = "web.2", .role = wire::Role::child, .generation = 7}) ==
        "4712 web.2 child 7");
  CHECK(whose_line({.pid = 4713}) == "4713 - unknown -");
}

TEST_CASE("pids: the tree has a heading for each worker, in the order of numbers", "[superctl]") {
  const std::vector<wire::PidView> processes = {
      {.pid = 30, .worker = "web.10", .ppid = 1, .command = "b"},
      {.pid = 20, .worker = "web.2", .ppid = 1, .command = "a"},
      {.pid = 21, .worker = "web.2", .ppid = 20, .command = "a: child"}};
  CHECK(draw_processes(processes, client::LineStyle::ascii) ==
        "web.2\n"
        "`- 20 a\n"
        "   `- 21 a: child\n"
        "web.10\n"
        "`- 30 b\n");
}

}  // namespace superd::superctl
