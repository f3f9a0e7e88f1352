#include <string>

#include <catch2/catch.hpp>

#include "config/toml_text.h"

using namespace superd::config;

namespace {

const Table& table_of(const ParsedToml& parsed) { return std::get<Table>(parsed.root.data); }

}  // namespace

TEST_CASE("everything in a file knows its place, in the order of the file", "[config]") {
  const auto parsed = parse_toml("b = [1, 'x']\n[t]\n  a = true\n[s]\nd = 1.5\n", "f");
  CHECK_FALSE(parsed.error);
  const Table& root = table_of(parsed);
  REQUIRE(root.size() == 3);
  CHECK(root[0].key == "b");
  const auto& array = std::get<Array>(root[0].value.data);
  CHECK(array[1].place.line == 1);
  CHECK(array[1].place.column == 9);
  CHECK(std::get<std::string>(array[1].data) == "x");
  CHECK(root[1].key == "t");
  const auto& inner = std::get<Table>(root[1].value.data);
  CHECK(inner[0].place.line == 3);
  CHECK(inner[0].place.column == 3);
  CHECK(inner[0].value.place.column == 7);
  CHECK(root[2].key == "s");
}

TEST_CASE("a byte order mark, CRLF and no text at all are fine", "[config]") {
  CHECK_FALSE(parse_toml("", "f").error);
  CHECK_FALSE(parse_toml("\xEF\xBB\xBF", "f").error);
  const auto parsed = parse_toml("\xEF\xBB\xBF[a]\r\nb = 1\r\n", "f");
  CHECK_FALSE(parsed.error);
  CHECK(table_of(parsed)[0].key == "a");
  CHECK(table_of(parsed)[0].place.line == 1);
}

TEST_CASE("what is no TOML is reported with its place, and the rest is read", "[config]") {
  const auto parsed = parse_toml("a = 1\nb = = 2\n[c]\nd = 3\n", "f");
  REQUIRE(parsed.error);
  CHECK(parsed.error->place.line == 2);
  CHECK(parsed.error->message.find("not valid TOML: ") == 0);
  REQUIRE(table_of(parsed).size() == 2);
  CHECK(table_of(parsed)[1].place.line == 3);
}

TEST_CASE("a text or array that is never closed costs its own table alone", "[config]") {
  for (const std::string slip : {"b = [1,\nc = 2\n", "b = \"\"\"x\ny\n", "b = {\n"}) {
    CAPTURE(slip);
    const auto parsed = parse_toml("[a]\nx = 1\n[s]\n" + slip + "[t]\ny = 1\n", "f");
    REQUIRE(parsed.error);
    const Table& root = table_of(parsed);
    REQUIRE_FALSE(root.empty());
    CHECK(root.front().key == "a");
  }
}

TEST_CASE("no text is too strange for the reader", "[config]") {
  const std::string deep(5000, '[');
  for (const std::string& text :
       {deep, "a = " + deep, std::string("a\0b = 1", 7), std::string("\xFF\xFE[\0", 4),
        std::string("a = \"\x80\""), std::string(1000, '\n') + "]", std::string("[a\n[b\n[c\n"),
        std::string("a.b = 1\na = 2"), std::string("\"\\u0000\" = 1"), std::string("ä = 1"),
        std::string("a = ä"), std::string("\uFE00"), std::string("a\u3001")}) {
    const auto parsed = parse_toml(text, "f");
    CHECK(std::holds_alternative<Table>(parsed.root.data));
  }
}
