#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/glob.h"
#include "core/ignore.h"

using namespace superd::core;
using Strings = std::vector<std::string>;

namespace {

bool by_shell(std::string_view pattern, std::string_view name) {
  return match_name(pattern, name, HiddenNames::by_dot_alone);
}
bool by_any(std::string_view pattern, std::string_view name) {
  return match_name(pattern, name, HiddenNames::by_any);
}

}  // namespace

TEST_CASE("glob: a star is any text, a question mark one character, brackets one of a set",
          "[core]") {
  CHECK(by_shell("*.ini", "a.ini"));
  CHECK(!by_shell("*.ini", "a.ini~"));
  CHECK(by_shell("a*b*c", "axxbyybzc"));
  CHECK(!by_shell("a*b*c", "axxbyy"));
  CHECK(by_shell("?.py", "a.py"));
  CHECK(!by_shell("?.py", ".py"));
  CHECK(by_shell("[a-c]1", "b1"));
  CHECK(!by_shell("[!a-c]1", "b1"));
  CHECK(by_shell("[]a]", "]"));
  CHECK(by_shell("[-x]", "-"));
  CHECK(by_shell("[", "["));
  CHECK(by_shell("a[b", "a[b"));
  CHECK(by_shell("\\*", "*"));
  CHECK(!by_shell("\\*", "x"));
  CHECK(by_shell("*", "x"));
  CHECK(!by_shell("", "x"));
  CHECK(by_shell("", ""));
}

TEST_CASE("glob: a leading dot is matched by a dot alone, as a shell does it, where that is asked",
          "[core]") {
  CHECK(!by_shell("*", ".env"));
  CHECK(!by_shell("?env", ".env"));
  CHECK(by_shell(".*", ".env"));
  CHECK(by_any("*", ".env"));
}

TEST_CASE("glob: a pattern of many stars costs no more than pattern times name", "[core]") {
  CHECK(!by_any("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(255, 'a')));
}

TEST_CASE("glob: a part of a path that is no pattern names itself, without backslashes", "[core]") {
  CHECK(is_pattern("*.ini"));
  CHECK(is_pattern("a[1]"));
  CHECK(!is_pattern("a\\[1\\]"));
  CHECK(plain_name("a\\[1\\]") == "a[1]");
  CHECK(parts_of("/srv/./web//conf/*.ini") == Strings{"srv", "web", "conf", "*.ini"});
  CHECK(parts_of("/").empty());
}

TEST_CASE("glob: two stars are any number of directories, also none", "[core]") {
  const auto matches = [](const char* pattern, const char* path) {
    return match_path(parts_of(pattern), parts_of(path), HiddenNames::by_any);
  };
  CHECK(matches("src/**/*.py", "src/a.py"));
  CHECK(matches("src/**/*.py", "src/x/y/a.py"));
  CHECK(!matches("src/**/*.py", "lib/a.py"));
  CHECK(!matches("src/*.py", "src/x/a.py"));
  CHECK(matches("**", "a/b"));
  CHECK(matches("a/**/b/**/c", "a/b/x/b/y/c"));
}

TEST_CASE("ignore: editors' own files, Python's caches and version control are always ignored",
          "[core]") {
  const Ignore ignore({}, "/srv/web");
  for (const char* name : {"4913", ".app.wsgi.swp", "app.wsgi~", "#app.wsgi#", ".#app.wsgi"}) {
    CAPTURE(name);
    CHECK(ignore.matches_name(name, EntryKind::file));
  }
  CHECK(ignore.matches("/srv/web/src/__pycache__", EntryKind::directory));
  CHECK(!ignore.matches("/srv/web/src/__pycache__", EntryKind::file));
  CHECK(ignore.matches("/srv/web/.git", EntryKind::directory));
  CHECK(!ignore.matches("/srv/web/app.wsgi", EntryKind::file));
  CHECK(!ignore.matches("/srv/web/src", EntryKind::directory));
}

TEST_CASE("ignore: a pattern with a slash is a path below the group's directory", "[core]") {
  const Strings patterns{"log/*.txt", "tmp/", "/var/x", "**/gen/"};
  const Ignore ignore(patterns, "/srv/we[b]");
  CHECK(ignore.matches("/srv/we[b]/log/a.txt", EntryKind::file));
  CHECK(!ignore.matches("/srv/we[b]/src/log/a.txt", EntryKind::file));
  CHECK(!ignore.matches("/srv/web/log/a.txt", EntryKind::file));
  CHECK(ignore.matches("/srv/we[b]/src/tmp", EntryKind::directory));
  CHECK(ignore.matches("/var/x", EntryKind::file));
  CHECK(ignore.matches("/srv/we[b]/a/b/gen", EntryKind::directory));
  CHECK(!ignore.matches("/srv/we[b]/a/b/gen", EntryKind::file));
}
