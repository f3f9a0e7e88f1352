#include "logs/assembler.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/cri.h"
#include "logs/stamp.h"

using namespace superd::logs;

namespace {

struct Collected {
  std::vector<std::string> pieces;

  void operator()(std::string_view text, Piece piece) {
    pieces.push_back((piece == Piece::full ? "F " : "P ") + std::string(text));
  }
};

}  // namespace

TEST_CASE("stamp: a time is RFC 3339 in UTC with nanoseconds", "[logs]") {
  CHECK(to_string(stamp()) == "2026-11-23T01:02:03.000000000Z");
  CHECK(to_string(stamp(4'000'005)) == "2026-11-23T01:02:03.004000005Z");
  CHECK(to_string(Stamp{}) == "1970-01-01T00:00:00.000000000Z");
}

TEST_CASE("cri: a line has its time, stream, tag and text", "[logs]") {
  std::string out;
  append_cri(out, "2026-11-23T01:02:03.004Z", Stream::err, Piece::partial, "half");
  append_cri(out, "2026-11-23T01:02:03.004Z", Stream::both, Piece::full, "");
  CHECK(out ==
        "2026-11-23T01:02:03.004Z stderr P half\n"
        "2026-11-23T01:02:03.004Z stdout F \n");
  const auto parsed = parse_cri("2026-11-23T01:02:03.004Z stderr P  two blanks ");
  REQUIRE(parsed);
  CHECK(parsed->time == "2026-11-23T01:02:03.004Z");
  CHECK(parsed->stream == Stream::err);
  CHECK(parsed->piece == Piece::partial);
  CHECK(parsed->text == " two blanks ");
}

TEST_CASE("cri: any other text is no line of this format", "[logs]") {
  for (const char* text : {"", " ", "hello world", "2026-11-23T01:02:03Z", "now stdout F text",
                           "2026-11-23T01:02:03Z stdin F x", "2026-11-23T01:02:03Z stdout X x",
                           "2026-11-23 01:02:03 stdout F x", "2026-11-23T01:02:03Z stdout F"}) {
    INFO(text);
    CHECK_FALSE(parse_cri(text));
  }
}

TEST_CASE("assembler: lines come out whole however the bytes came in", "[logs]") {
  const std::string text = "first\n\nthird line\r\nrest";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineAssembler assembler;
    Collected lines;
    for (std::size_t at = 0; at < text.size(); at += step)
      assembler.feed(std::string_view(text).substr(at, step), lines);
    CHECK(lines.pieces == std::vector<std::string>{"F first", "F ", "F third line\r"});
    CHECK(assembler.pending() == "rest");
    assembler.finish(lines);
    CHECK(lines.pieces.back() == "F rest");
    CHECK(assembler.pending().empty());
    assembler.finish(lines);
    CHECK(lines.pieces.size() == 4);
  }
}

TEST_CASE("assembler: a line of more than 16 KiB comes in parts and a last piece", "[logs]") {
  const std::string line(2 * LineAssembler::kMaxPiece + 5, 'x');
  for (const std::size_t step : {std::size_t{1000}, std::size_t{16} * 1024, line.size()}) {
    LineAssembler assembler;
    Collected lines;
    for (std::size_t at = 0; at < line.size(); at += step)
      assembler.feed(std::string_view(line).substr(at, step), lines);
    assembler.feed("\nnext\n", lines);
    REQUIRE(lines.pieces.size() == 4);
    CHECK(lines.pieces[0] == "P " + line.substr(0, LineAssembler::kMaxPiece));
    CHECK(lines.pieces[1] == "P " + line.substr(0, LineAssembler::kMaxPiece));
    CHECK(lines.pieces[2] == "F xxxxx");
    CHECK(lines.pieces[3] == "F next");
  }
}

TEST_CASE("assembler: a line of exactly 16 KiB is one line", "[logs]") {
  LineAssembler assembler;
  Collected lines;
  const std::string line(LineAssembler::kMaxPiece, 'x');
  assembler.feed(line, lines);
  assembler.feed("\n", lines);
  CHECK(lines.pieces == std::vector<std::string>{"F " + line});
}
