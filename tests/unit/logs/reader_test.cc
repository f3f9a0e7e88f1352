#include "logs/reader.h"

#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/cri.h"
#include "logs/rotating_file.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

namespace {

constexpr std::size_t kPlenty = std::size_t{8} << 20;

std::vector<std::string> read(const std::string& path, LogFormat format, std::size_t count) {
  return texts(read_last_lines({.worker = "web.1", .path = path, .format = format}, Stream::both,
                               count, kPlenty, packed()));
}

}  // namespace

TEST_CASE("logs: the last lines are found over rotated files", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 200, .keep = 100});
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    std::string line;
    all.push_back("line " + std::to_string(i));
    append_cri(line, to_string(stamp(i)), Stream::out, Piece::full, all.back());
    file.write(line, LogFormat::cri, stamp());
  }
  for (const std::size_t count : {0UL, 1UL, 2UL, 5UL, 37UL, 60UL, 61UL, 1000UL}) {
    const auto first = all.end() - static_cast<long>(std::min(count, all.size()));
    CHECK(read(path, LogFormat::cri, count) == std::vector<std::string>(first, all.end()));
  }
}

TEST_CASE("logs: a line has worker, time and stream", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "2026-11-23T01:02:03.000000004Z stderr F oh no\n");
  const std::vector<Line> lines =
      read_last_lines({.worker = "web.1", .path = path, .format = LogFormat::cri}, Stream::both, 5,
                      kPlenty, packed());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].worker == "web.1");
  CHECK(lines[0].time == "2026-11-23T01:02:03.000000004Z");
  CHECK(lines[0].stream == Stream::err);
  CHECK(lines[0].text == "oh no");
}

TEST_CASE("logs: parts of a long line are one line again, also over two files", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const std::string time = to_string(stamp()) + " ";
  put(path + ".1", time + "stdout F before\n" + time + "stdout P one-\n");
  put(path, time + "stderr F between\n" + time + "stdout P two-\n" + time + "stdout F three\n");
  CHECK(read(path, LogFormat::cri, 10) ==
        std::vector<std::string>{"before", "one-two-three", "between"});
}

TEST_CASE("logs: a file of format raw is read as it is, also without a last newline", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "one\n\n2026-11-23T01:02:03Z stdout F three\nfour");
  CHECK(read(path, LogFormat::raw, 3) ==
        std::vector<std::string>{"", "2026-11-23T01:02:03Z stdout F three", "four"});
}

TEST_CASE("logs: a big file is read from its end only, up to a limit", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  put(path, text);
  const std::vector<std::string> many = read(path, LogFormat::raw, 20'000);
  REQUIRE(many.size() == 20'000);
  CHECK(many.front() == "line 80000");
  CHECK(many.back() == "line 99999");
  const std::vector<Line> limited =
      read_last_lines({.worker = "web.1", .path = path, .format = LogFormat::raw}, Stream::both,
                      20'000, 1000, packed());
  CHECK(limited.size() < 100);
  CHECK(limited.back().text == "line 99999");
}

TEST_CASE("logs: a line without end is given up to a limit", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, std::string(std::size_t{1} << 20, 'x'));
  const std::vector<std::string> lines = read(path, LogFormat::raw, 3);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].size() == kMaxLineText);
}

TEST_CASE("logs: where no file is there are no lines, and a symlink is not followed", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  CHECK(read(path, LogFormat::cri, 5).empty());
  put(dir / "secret", "secret\n");
  REQUIRE(symlink((dir / "secret").c_str(), path.c_str()) == 0);
  CHECK(read(path, LogFormat::raw, 5).empty());
}

TEST_CASE("logs: the lines of several workers are put in the order of time", "[logs]") {
  const auto line = [](const char* worker, const char* time, const char* text) {
    return Line{.worker = worker, .time = time, .stream = Stream::out, .text = text};
  };
  const std::vector<Line> merged = merged_by_time({
      {line("web.1", "2026-01-01T00:00:01Z", "a"), line("web.1", "2026-01-01T00:00:04Z", "d"),
       line("web.1", "2026-01-01T00:00:02Z", "clock set back")},
      {line("web.2", "2026-01-01T00:00:02Z", "b"), line("web.2", "", "no time"),
       line("web.2", "2026-01-01T00:00:05Z", "e")},
  });
  CHECK(texts(merged) == std::vector<std::string>{"a", "b", "no time", "d", "clock set back", "e"});
}
