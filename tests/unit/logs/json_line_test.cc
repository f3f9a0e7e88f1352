#include "logs/json_line.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/assembler.h"
#include "logs/reader.h"
#include "logs/rotating_file.h"

using namespace superd::logs;
using superd::core::LogFormat;

namespace {

constexpr std::string_view kTime = "2026-11-23T01:02:03.004Z";

std::string json_of(std::string_view text, Piece piece = Piece::full) {
  std::string out;
  append_json(out, "web.1", kTime, Stream::out, piece, text);
  return out;
}

// What any reader of JSON finds in the line.
std::string text_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  REQUIRE(json.is_object());
  return json.at("text").get<std::string>();
}

}  // namespace

TEST_CASE("json: a line is one object with time, worker, stream and text", "[logs]") {
  std::string out;
  append_json(out, "web.1", kTime, Stream::err, Piece::partial, "say \"hi\"\\\t\x1b[0m");
  append_json(out, "", kTime, Stream::both, Piece::full, "");
  CHECK(out == R"({"time":"2026-11-23T01:02:03.004Z","worker":"web.1","stream":"stderr",)"
               R"("text":"say \"hi\"\\\t\u001b[0m","partial":true})"
               "\n"
               R"({"time":"2026-11-23T01:02:03.004Z","stream":"stdout","text":""})"
               "\n");
}

TEST_CASE("json: every byte below 0x80 comes back as it was", "[logs]") {
  std::string all;
  for (char byte = 0; byte < 0x7f; ++byte) all += byte;
  CHECK(text_of(json_of(all)) == all);
}

TEST_CASE("json: a byte that is no UTF-8 becomes U+FFFD, and what is stays", "[logs]") {
  const std::string bad = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80", "h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"a\xFFz", "a" + bad + "z"},
      {"\xC3", bad},
      {"\xC3(", bad + "("},
      {"\xC0\xAF", bad + bad},                      // overlong
      {"\xED\xA0\x80", bad + bad + bad},            // a surrogate
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // beyond U+10FFFF
      {"\xE2\x82", bad + bad},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"\xE0\x9F\xBF", bad + bad + bad},
      {"\xF0\x8F\xBF\xBF", bad + bad + bad + bad}};
  for (const auto& [bytes, expected] : cases) CHECK(text_of(json_of(bytes)) == expected);
}

TEST_CASE("json: a line comes back as it was written", "[logs]") {
  std::string storage;
  const std::string line = json_of("x \"y\" \xC3\xA9", Piece::partial);
  const auto parsed = parse_json(std::string_view(line).substr(0, line.size() - 1), storage);
  REQUIRE(parsed);
  CHECK(parsed->time == kTime);
  CHECK(parsed->stream == Stream::out);
  CHECK(parsed->piece == Piece::partial);
  CHECK(parsed->text == "x \"y\" \xC3\xA9");
}

TEST_CASE("json: any other text is no line of this format", "[logs]") {
  std::string storage;
  for (const char* text :
       {"", "hello", "{}", "[1]", R"({"time":"t","stream":"stdin","text":""})",
        R"({"time":1,"stream":"stdout","text":""})", R"({"time":"t","stream":"stdout"})",
        R"({"time":"t","stream":"stdout","text":"","partial":1})"}) {
    INFO(text);
    CHECK_FALSE(parse_json(text, storage));
  }
}

TEST_CASE("logs: lines of format json are read back, the parts of a long one as one", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 40'000, .keep = 9}, {.worker = "web.1"});
  std::string block;
  LineAssembler assembler;
  // The 16 KiB end within a character.
  std::string euros = "x";
  for (int i = 0; i < 10'000; ++i) euros += "\xE2\x82\xAC";
  assembler.feed("first\n" + euros + "\nlast\n", [&](std::string_view text, Piece piece) {
    append_json(block, "web.1", to_string(stamp()), Stream::err, piece, text);
  });
  file.write(block, LogFormat::json, stamp());
  put(path, contents(path) + "no json\n");
  const auto lines = read_last_lines({.worker = "web.1", .path = path, .format = LogFormat::json},
                                     Stream::both, 9, std::size_t{1} << 20, packed());
  CHECK(texts(lines) == std::vector<std::string>{"first", euros, "last", "no json"});
  CHECK(lines.at(0).time == to_string(stamp()));
  CHECK(lines.at(0).stream == Stream::err);
  CHECK(lines.at(3).time.empty());
}

TEST_CASE("log file: format json tells of lost bytes in an object", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, R"({"time":"torn)");
  RotatingFile file(path, {}, {.worker = "web.1"});
  std::filesystem::create_directories(dir / "elsewhere");
  std::filesystem::rename(path, dir / "kept");
  std::filesystem::create_directory(path);
  file.write("12345\n", LogFormat::json, stamp());
  std::filesystem::remove(path);
  std::filesystem::rename(dir / "kept", path);
  file.settle(LogFormat::json, stamp());
  CHECK(contents(path) ==
        R"({"time":"torn)"
        "\n"
        R"({"time":"2026-11-23T01:02:03.000000000Z","worker":"web.1","stream":"stderr",)"
        R"("text":"superd: 6 bytes lost: Is a directory"})"
        "\n");
}
