#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

constexpr const char* kGroup = "[group.{}]\ncommand = [\"x\"]\n";

std::string group(const std::string& name) { return fmt::format(fmt::runtime(kGroup), name); }

std::vector<std::string> names(const Loaded& loaded) {
  std::vector<std::string> result;
  for (const auto& spec : loaded.spec.groups) result.push_back(spec.name);
  return result;
}

std::string only_error(const Loaded& loaded) {
  REQUIRE(loaded.errors.size() == 1);
  return to_string(loaded.errors.front());
}

}  // namespace

TEST_CASE("groups may come from any file that include names, patterns in order of names",
          "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml",
               "include = [\"conf.d/*.toml\", \"extra.toml\", \"none/*.toml\"]\n" + group("main"));
  folder.write("conf.d/b.toml", group("b"));
  folder.write("conf.d/a.toml", group("a"));
  folder.write("conf.d/c.txt", "no config");
  folder.write("extra.toml", group("extra"));
  const auto loaded = folder.load();
  CHECK(loaded.errors.empty());
  CHECK(names(loaded) == std::vector<std::string>{"main", "a", "b", "extra"});
  CHECK(loaded.files ==
        std::vector<std::string>{folder.path() + "/superd.toml", folder.path() + "/conf.d/a.toml",
                                 folder.path() + "/conf.d/b.toml", folder.path() + "/extra.toml"});
  CHECK(loaded.spec.groups[1].directory == folder.path() + "/conf.d");
}

TEST_CASE("a file that is reached twice is read once, the main file included", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = [\"*.toml\", \"a.toml\"]\n" + group("main"));
  folder.write("a.toml", group("a"));
  const auto loaded = folder.load();
  CHECK(loaded.errors.empty());
  CHECK(names(loaded) == std::vector<std::string>{"main", "a"});
}

TEST_CASE("a plain file that include names must be there; a pattern may match nothing",
          "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = [\"*.none\", \"missing.toml\"]\n");
  CHECK_THAT(only_error(folder.load()),
             EndsWith("/superd.toml:1:22: include: cannot read " + folder.path() +
                      "/missing.toml: No such file or directory"));
}

TEST_CASE("the errors of all files are reported at once, by file, line and column", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml",
               "include = [\"b.toml\", \"a.toml\"]\nx = 1\n[superd]\nmax_starting = 'a'\n");
  folder.write("b.toml", "[group.b]\n");
  folder.write("a.toml", "y = [\n");
  const auto loaded = folder.load();
  std::vector<std::string> places;
  for (const auto& error : loaded.errors) {
    places.push_back(to_string(error.place).substr(folder.path().size() + 1));
  }
  CHECK(places == std::vector<std::string>{"superd.toml:2:1", "superd.toml:4:16", "b.toml:1:1",
                                           "a.toml:1:7"});
}

TEST_CASE("two groups of one name are an error, in one file or in two", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = [\"a.toml\"]\n" + group("web"));
  folder.write("a.toml", "\n" + group("web"));
  CHECK_THAT(only_error(folder.load()), EndsWith("/a.toml:2:1: there are two groups web, the first "
                                                 "one at " +
                                                 folder.path() + "/superd.toml:2:1"));
  CHECK_THAT(errors_of(group("web") + group("web")).at(0), Contains("3:"));
}

TEST_CASE("an address belongs to one group", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = [\"a.toml\"]\n" + group("web") + "listen = [\":80\"]\n");
  folder.write("a.toml", group("api") + "listen = [\"127.0.0.1:80\"]\n");
  CHECK_THAT(only_error(folder.load()),
             EndsWith("/a.toml:3:11: group web listens on 0.0.0.0:80 already (" + folder.path() +
                      "/superd.toml:4:11): an address belongs to one group"));
}

TEST_CASE("only the main file has [superd] and include", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "include = [\"a.toml\"]\n");
  folder.write("a.toml", "include = []\n[superd]\n");
  const auto loaded = folder.load();
  REQUIRE(loaded.errors.size() == 2);
  CHECK_THAT(loaded.errors[0].message, Contains("only the main file"));
  CHECK_THAT(loaded.errors[1].message, Contains("[superd] belongs into the main file"));
}

TEST_CASE("a config that cannot be read is one clear error", "[config]") {
  const ConfigFolder folder;
  CHECK(only_error(folder.load()) ==
        folder.path() + "/superd.toml: cannot be read: No such file or directory");
  folder.write("dir/x", "");
  CHECK_THAT(only_error(folder.load("dir")), EndsWith("/dir: cannot be read: it is a directory"));
  CHECK_THAT(only_error(folder.load("dir/x/y")), EndsWith(": Not a directory"));
  REQUIRE(::mkfifo((folder.path() + "/pipe").c_str(), 0600) == 0);
  CHECK_THAT(only_error(folder.load("pipe")),
             EndsWith("/pipe: cannot be read: it is no regular file"));
  folder.write("huge.toml", std::string((8U << 20U) + 1, '\n'));
  CHECK_THAT(only_error(folder.load("huge.toml")), Contains("larger than 8MiB"));
  if (::geteuid() != 0) {
    const auto secret = folder.write("secret.toml", "");
    REQUIRE(::chmod(secret.c_str(), 0) == 0);
    CHECK_THAT(only_error(folder.load("secret.toml")), EndsWith(": Permission denied"));
  }
}

TEST_CASE("a file of 8 MiB is read", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", std::string((8U << 20U) - 1, '\n') + " ");
  CHECK(folder.load().errors.empty());
}

TEST_CASE("characters of the file's own path are no pattern", "[config]") {
  const ConfigFolder folder;
  folder.write("a[1]*/superd.toml", "include = [\"*.conf\"]\n");
  folder.write("a[1]*/x.conf", group("x"));
  CHECK(names(folder.load("a[1]*/superd.toml")) == std::vector<std::string>{"x"});
}

TEST_CASE("behind a syntax error nothing else is reported of that file", "[config]") {
  const auto errors = errors_of(R"(
nonsense = []
[group.web]
workers = "4"
listen = [
command = ["x"]
foo = 1
)");
  REQUIRE(errors.size() >= 2);
  CHECK_THAT(errors[0], Contains("2:1: unknown key \"nonsense\""));
  CHECK_THAT(errors.back(), Contains("not valid TOML"));
}

TEST_CASE("every address of a port, in one group, collides with each in another", "[config]") {
  const auto two = [](const std::string& first, const std::string& second) {
    return errors_of(group("a") + "listen = [" + first + "]\n" + group("b") + "listen = [" +
                     second + "]\n")
        .size();
  };
  CHECK(two("':80'", "'127.0.0.1:80'") == 1);
  CHECK(two("'127.0.0.1:80'", "':80'") == 1);
  CHECK(two("'127.0.0.1:80', '127.0.0.2:80'", "'127.0.0.3:80', '127.0.0.2:80'") == 1);
  CHECK(two("'[::]:80'", "'[::1]:80'") == 1);
  CHECK(two("'unix:/a'", "'unix:/a'") == 1);
  CHECK(two("'127.0.0.1:80'", "'127.0.0.2:80', '[::]:80', ':81', 'unix:/a'") == 0);
}
