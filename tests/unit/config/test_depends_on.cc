#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

namespace {

// Each group in three lines: its header, its command, what it depends on.
std::string group(const std::string& name, const std::string& depends_on) {
  return "[group." + name + "]\ncommand = ['x']\ndepends_on = " + depends_on + "\n";
}

}  // namespace

TEST_CASE("depends_on: the groups are kept in their order, wherever they stand", "[config]") {
  const auto spec =
      spec_of(group("web", "['cache', 'db']") + group("db", "[]") + group("cache", "['db']"));
  REQUIRE(spec.groups.size() == 3);
  CHECK(spec.groups[0].depends_on == Strings{"cache", "db"});
  CHECK(spec.groups[1].depends_on.empty());
  CHECK(spec.groups[2].depends_on == Strings{"db"});
  const ConfigFolder folder;
  folder.write("superd.toml", "include = ['conf.d/*.toml']\n" + group("web", "['cache']"));
  folder.write("conf.d/cache.toml", group("cache", "[]"));
  CHECK(folder.load().errors.empty());
}

TEST_CASE("depends_on: a group that does not exist is an error, with the one that was meant",
          "[config]") {
  CHECK(errors_of(group("web", "['cach']") + group("cache", "[]")) ==
        Strings{R"(3:15: group.web.depends_on: there is no group "cach", did you mean "cache"?)"});
  CHECK(errors_of(group("web", "['redis']")) ==
        Strings{R"(3:15: group.web.depends_on: there is no group "redis")"});
  CHECK(errors_of(group("web", "['wep']")) ==
        Strings{R"(3:15: group.web.depends_on: there is no group "wep")"});
}

TEST_CASE("depends_on: itself, the same twice, a worker and what is no name are errors",
          "[config]") {
  const std::string cache = group("cache", "[]");
  CHECK(errors_of(group("web", "['web']")) ==
        Strings{"3:15: group.web.depends_on: a group cannot depend on itself"});
  CHECK(errors_of(group("web", "['cache', 'cache']") + cache) ==
        Strings{R"(3:24: group.web.depends_on: "cache" is named twice)"});
  CHECK(errors_of(group("web", "['cache.1']") + cache) ==
        Strings{R"(3:15: group.web.depends_on: "cache.1" is a worker: name the whole group)"});
  CHECK(
      errors_of(group("web", "['']")) ==
      Strings{R"(3:15: group.web.depends_on: expected the name of a group, found the string "")"});
  CHECK(
      errors_of(group("web", "'cache'") + cache) ==
      Strings{
          R"(3:14: group.web.depends_on: expected an array, found the string "cache": write ["cache"])"});
}

TEST_CASE("depends_on: a circle is an error at each of its places, and is named whole",
          "[config]") {
  CHECK(errors_of(group("a", "['b']") + group("b", "['a']")) ==
        Strings{"3:15: group.a.depends_on goes in a circle: a -> b -> a",
                "6:15: group.b.depends_on goes in a circle: b -> a -> b"});
  // d leads to the circle, and e is needed by it: neither is part of it.
  CHECK(errors_of(group("a", "['b']") + group("b", "['e', 'c']") + group("c", "['a']") +
                  group("d", "['a']") + group("e", "[]")) ==
        Strings{"3:15: group.a.depends_on goes in a circle: a -> b -> c -> a",
                "6:20: group.b.depends_on goes in a circle: b -> c -> a -> b",
                "9:15: group.c.depends_on goes in a circle: c -> a -> b -> c"});
  // Two circles with a way from one to the other.
  CHECK(errors_of(group("a", "['b']") + group("b", "['a', 'c']") + group("c", "['d']") +
                  group("d", "['c']"))
            .size() == 4);
}

TEST_CASE("depends_on: many groups in a row are no circle, and are checked in no time",
          "[config]") {
  std::string text = group("g0", "[]");
  for (int i = 1; i < 2000; ++i) {
    text += group("g" + std::to_string(i), "['g" + std::to_string(i - 1) + "']");
  }
  CHECK(errors_of(text).empty());
}

TEST_CASE("depends_on: of a config of which not all could be read no group is missed", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = ['conf.d/*.toml']\n" + group("web", "['cache']"));
  folder.write("conf.d/cache.toml", "[group.cache]\ncommand = [\n");
  const auto loaded = folder.load();
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors.front().place.file.find("cache.toml") != std::string::npos);
}
