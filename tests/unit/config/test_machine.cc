#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/machine.h"
#include "config/paths.h"

using namespace superd::config;
using Cpus = std::vector<int>;

TEST_CASE("a list of processors is numbers and ranges", "[config]") {
  CHECK(parse_cpu_list("0-3,5") == Cpus{0, 1, 2, 3, 5});
  CHECK(parse_cpu_list("2") == Cpus{2});
  CHECK(parse_cpu_list("3, 1-2, 2") == Cpus{1, 2, 3});
  for (const char* text : {"", "a", "3-1", "-1", "1-", "0,,1", "0-99999999", "99999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cpu_list(text));
  }
}

TEST_CASE("the machine is asked for its accounts, processors and superd's own rights", "[config]") {
  const Machine machine = this_machine();
  CHECK(machine.uid == ::geteuid());
  CHECK(machine.find_user("root")->uid == 0);
  CHECK(machine.find_user("0")->name == "root");
  CHECK_FALSE(machine.find_user("no-such-user"));
  CHECK(machine.find_group("root") == 0U);
  CHECK_FALSE(machine.find_group("no-such-group"));
  CHECK_FALSE(machine.cpus.empty());
  CHECK(machine.highest_nofile > 1000);
  CHECK(machine.lowest_nice >= -20);
}

TEST_CASE("paths are joined as text: links and .. keep their meaning", "[config]") {
  CHECK(join_path("/a", "b/../c") == "/a/b/../c");
  CHECK(join_path("/a/", "b") == "/a/b");
  CHECK(join_path("/a", "/b") == "/b");
  CHECK(join_path("/a", "./b") == "/a/b");
  CHECK(join_path("/a", ".") == "/a");
  CHECK(join_path("/", "b") == "/b");
  CHECK(directory_of("/a/b.toml") == "/a");
  CHECK(directory_of("/b.toml") == "/");
}
