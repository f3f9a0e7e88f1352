#include <catch2/catch.hpp>

#include "daemon/last_lines.h"

using superd::daemon::LastLines;
using Lines = std::vector<std::string>;

TEST_CASE("last lines: lines come together from pieces, and the last needs no newline",
          "[last_lines]") {
  LastLines lines;
  CHECK(lines.lines().empty());
  lines.add("first\nsec");
  CHECK(lines.lines() == Lines{"first", "sec"});
  lines.add("ond\r\n\nend");
  CHECK(lines.lines() == Lines{"first", "second", "", "end"});
  lines.add("\n");
  CHECK(lines.lines() == Lines{"first", "second", "", "end"});
}

TEST_CASE("last lines: twenty are kept", "[last_lines]") {
  LastLines lines;
  for (int i = 1; i <= 100; ++i) lines.add(std::to_string(i) + "\n");
  CHECK(lines.lines().size() == LastLines::kMaxLines);
  CHECK(lines.lines().front() == "81");
  lines.add("open");
  CHECK(lines.lines().size() == LastLines::kMaxLines);
  CHECK(lines.lines().front() == "82");
}

TEST_CASE("last lines: of a long line its beginning is kept, and of many the last",
          "[last_lines]") {
  LastLines lines;
  for (int i = 0; i < 1000; ++i) lines.add("0123456789");
  REQUIRE(lines.lines().size() == 1);
  CHECK(lines.lines().front().size() == LastLines::kMaxLineBytes);
  lines.add("\n");
  for (int i = 0; i < 9; ++i) lines.add(std::string(LastLines::kMaxLineBytes, 'x') + "\n");
  lines.add("end\n");
  std::size_t bytes = 0;
  for (const std::string& line : lines.lines()) bytes += line.size();
  CHECK(bytes <= LastLines::kMaxBytes);
  CHECK(lines.lines().back() == "end");
}
