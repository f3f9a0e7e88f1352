#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/text.h"

using namespace superd;
using Words = std::vector<std::string>;

TEST_CASE("a near miss of a known word is recognised, a different word is not", "[base]") {
  const Words keys = {"command", "workers", "listen", "user", "log", "env_file", "on"};
  CHECK(closest_match("worker", keys) == "workers");
  CHECK(closest_match("wrokers", keys) == "workers");
  CHECK(closest_match("Command", keys) == "command");
  CHECK(closest_match("comand", keys) == "command");
  CHECK(closest_match("env-file", keys) == "env_file");
  CHECK(closest_match("logs", keys) == "log");
  CHECK_FALSE(closest_match("runner", keys));
  CHECK_FALSE(closest_match("xy", keys));
  CHECK_FALSE(closest_match("", keys));
  CHECK_FALSE(closest_match(std::string(100'000, 'w'), keys));
}

TEST_CASE("did you mean is added only for a near miss", "[base]") {
  CHECK(did_you_mean("usr", Words{"user"}) == ", did you mean \"user\"?");
  CHECK(did_you_mean("depends_on", Words{"user"}).empty());
  CHECK(did_you_mean("bogus", Words{"logs"}).empty());
}

TEST_CASE("text is split at each separator and joined again", "[base]") {
  CHECK(split("a,b,,c", ',') == Words{"a", "b", "", "c"});
  CHECK(split("", ',') == Words{""});
  CHECK(join(Words{"a", "b"}, ", ") == "a, b");
  CHECK(join(Words{}, ", ").empty());
  CHECK(trim(" \ta b\r\n") == "a b");
  CHECK(trim(" \t").empty());
}

TEST_CASE("a command line is split as a shell splits it, and never run by one", "[base]") {
  const struct {
    std::string text;
    Words words;
  } rows[] = {
      {"gunicorn app:app", {"gunicorn", "app:app"}},
      {"  a\t b\n c  ", {"a", "b", "c"}},
      {"", {}},
      {"   ", {}},
      {R"(sh -c 'echo $HOME; exit 1')", {"sh", "-c", "echo $HOME; exit 1"}},
      {R"(a "b c" d)", {"a", "b c", "d"}},
      {R"("a"'b'c)", {"abc"}},
      {R"("" '')", {"", ""}},
      {R"(a\ b \"c\" \\)", {"a b", "\"c\"", "\\"}},
      {R"("a\"b" "a\\b" "a\nb" "\$x")", {"a\"b", "a\\b", "a\\nb", "$x"}},
      {R"('a\b')", {"a\\b"}},
      {"a\\\nb", {"ab"}},
      {"$HOME *.py ~ # no", {"$HOME", "*.py", "~", "#", "no"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto words = split_words(row.text);
    REQUIRE(words);
    CHECK(*words == row.words);
  }
}

TEST_CASE("an unterminated quote and a backslash at the end are errors", "[base]") {
  CHECK(split_words("a 'b").error().message == "a quote (') is opened and never closed");
  CHECK(split_words("a \"b\\\"").error().message == "a quote (\") is opened and never closed");
  CHECK(split_words("a \"b\\").error().message == "a quote (\") is opened and never closed");
  CHECK(split_words("a \\").error().message == "a backslash ends the command: write it twice");
}

TEST_CASE("a name matches a pattern where * is any text and ? one character", "[base]") {
  CHECK(glob_match("web*", "web"));
  CHECK(glob_match("web*", "web-2"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("*b*d", "abcd"));
  CHECK(glob_match("w?b", "web"));
  CHECK(glob_match("web", "web"));
  CHECK_FALSE(glob_match("web", "web2"));
  CHECK_FALSE(glob_match("web?", "web"));
  CHECK_FALSE(glob_match("", "a"));
  CHECK_FALSE(glob_match("*b", "abc"));
  CHECK_FALSE(glob_match("*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
  CHECK(is_glob("web*"));
  CHECK(is_glob("w?b"));
  CHECK_FALSE(is_glob("web"));
}

TEST_CASE("quoted text in a message cannot act on a terminal", "[base]") {
  CHECK(quoted("a\"b\\") == R"("a\"b\\")");
  CHECK(quoted("a\x1b[31m\n") == R"("a\x1b[31m\n")");
  CHECK(quoted("größe") == "\"größe\"");
  CHECK(superd::quoted(std::string(200, 'x')) == "\"" + std::string(100, 'x') + "…\"");
  CHECK(superd::quoted(std::string(99, 'x') + "ß12") == "\"" + std::string(99, 'x') + "ß…\"");
}
