#include "logs/line_matcher.h"

#include <string>

#include <catch2/catch.hpp>

#include "logs/assembler.h"

using namespace superd;
using namespace superd::logs;

namespace {

LineMatcher looking_for(const std::string& pattern) {
  return LineMatcher(*Pattern::compile(pattern));
}

// As a recording does it; how often the line was told.
int feed(LineMatcher& matcher, LineAssembler& assembler, std::string_view bytes,
         Stream stream = Stream::out) {
  int told = 0;
  assembler.feed(bytes, [&](std::string_view text, Piece piece) {
    if (matcher.feed(stream, piece, text)) ++told;
  });
  return told;
}

}  // namespace

TEST_CASE("ready line: the first line that the pattern is found in is told once", "[logs]") {
  LineMatcher matcher = looking_for("^ready \\d+$");
  LineAssembler out;
  CHECK(feed(matcher, out, "not ready\nready ") == 0);
  CHECK(feed(matcher, out, "now\nready 7") == 0);
  CHECK_FALSE(matcher.matched());
  CHECK(feed(matcher, out, "\nready 8\n") == 1);
  CHECK(matcher.matched());
  CHECK(feed(matcher, out, "ready 9\n") == 0);
}

TEST_CASE("ready line: a carriage return at the end is not of the line", "[logs]") {
  LineMatcher matcher = looking_for("up$");
  LineAssembler out;
  CHECK(feed(matcher, out, "up\r\n") == 1);
}

TEST_CASE("ready line: the two streams do not make a line together", "[logs]") {
  LineMatcher matcher = looking_for("ready");
  LineAssembler out;
  LineAssembler err;
  CHECK(feed(matcher, out, "rea") == 0);
  CHECK(feed(matcher, err, "dy\n", Stream::err) == 0);
  CHECK(feed(matcher, out, "dy\n") == 1);
}

TEST_CASE("ready line: a long line counts by its first 64 KiB", "[logs]") {
  const std::string long_text(LineMatcher::kMaxBytes - 5, 'x');
  for (const std::string end : {"ready\n", "ready and more\n"}) {
    LineMatcher matcher = looking_for("ready$");
    LineAssembler out;
    CHECK(feed(matcher, out, long_text + end) == 1);
  }
  LineMatcher matcher = looking_for("ready");
  LineAssembler out;
  CHECK(feed(matcher, out, long_text + "xready" + long_text + "ready\n") == 0);
  CHECK(feed(matcher, out, "ready\n") == 1);
}
