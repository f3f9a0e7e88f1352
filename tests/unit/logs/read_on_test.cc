#include "logs/read_on.h"

#include <atomic>
#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/cri.h"
#include "logs/gzip.h"
#include "logs/log_files.h"
#include "logs/rotating_file.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

namespace {

Source cri_source(const std::string& path) {
  return {.worker = "web.1", .path = path, .format = LogFormat::cri};
}

std::string cri_line(int second, std::string_view text, Stream stream = Stream::out,
                     Piece piece = Piece::full) {
  std::string line;
  append_cri(line, to_string(stamp() + std::chrono::seconds(second)), stream, piece, text);
  return line;
}

void compress(const std::string& from, const std::string& to) {
  const Result<UniqueFd> plain = open_for_reading(from);
  REQUIRE(plain);
  REQUIRE(compress_file(plain->get(), to, std::atomic<bool>{false}));
  REQUIRE(unlink(from.c_str()) == 0);
}

// The live file becomes number 1, as the first rotation has it.
void rotate_compressed(const std::string& path) {
  REQUIRE(rename(path.c_str(), rotated_path(path, 1).c_str()) == 0);
  compress(rotated_path(path, 1), compressed_path(path, 1));
}

Run go_on(const Source& source, Place& place, std::size_t bytes = 4096) {
  Run run = read_on(source, place, Stream::both, bytes, packed());
  place = run.end;
  return run;
}

}  // namespace

TEST_CASE("logs -f: every line comes once and in order over a hundred rotations", "[logs]") {
  const TempDir dir;
  const Source source = cri_source(dir / "web.1.log");
  RotatingFile file(source.path, {.max_size = 300, .keep = 20});
  std::vector<std::string> written;
  std::vector<std::string> told;
  Place place;
  for (int i = 0; i < 600; ++i) {
    written.push_back("line " + std::to_string(i));
    file.write(cri_line(i, written.back()), LogFormat::cri, stamp());
    // Now and then, as a reader does, and never more than a little.
    if (i % 7 != 0 && i != 599) continue;
    for (bool more = true; more;) {
      const Run run = go_on(source, place, 500);
      CHECK(!run.missed);
      for (const Line& line : run.lines) told.push_back(line.text);
      more = run.more;
    }
  }
  CHECK(told == written);
}

TEST_CASE("logs -f: a reader whose file is no longer kept is told so", "[logs]") {
  const TempDir dir;
  const Source source = cri_source(dir / "web.1.log");
  RotatingFile file(source.path, {.max_size = 200, .keep = 1});
  Place place;
  file.write(cri_line(0, "first"), LogFormat::cri, stamp());
  CHECK(texts(go_on(source, place).lines) == std::vector<std::string>{"first"});
  for (int i = 1; i < 30; ++i)
    file.write(cri_line(i, "line " + std::to_string(i)), LogFormat::cri, stamp());
  const Run run = go_on(source, place);
  CHECK(run.missed);
  CHECK(run.lines.back().text == "line 29");
  CHECK(!go_on(source, place).missed);
}

TEST_CASE("logs -f: a line that is not whole is told when it is", "[logs]") {
  const TempDir dir;
  const Source source = cri_source(dir / "web.1.log");
  const std::string begun = cri_line(0, "first ", Stream::out, Piece::partial);
  const std::string between = cri_line(1, "other", Stream::err);
  put(source.path, begun + between);
  Place place;
  CHECK(go_on(source, place).lines.empty());
  const std::string ended = begun + between + cri_line(2, "half", Stream::out);
  put(source.path, ended + "2026-11-23T01:02:09Z std");
  const Run run = go_on(source, place);
  CHECK(texts(run.lines) == std::vector<std::string>{"other", "first half"});
  CHECK(!run.lines[0].place);
  CHECK(run.lines[1].place == run.end);
  CHECK(run.end.offset == ended.size());
}

TEST_CASE("logs -f: a line without an end does not hold up the reader for ever", "[logs]") {
  const TempDir dir;
  Source source = cri_source(dir / "web.1.log");
  source.format = LogFormat::raw;
  put(source.path, std::string(kMostHeld + 10, 'x'));
  Place place{};
  std::size_t rounds = 0;
  std::vector<std::string> told;
  while (told.empty() && ++rounds < 5) {
    for (const Line& line : go_on(source, place).lines) told.push_back(line.text);
  }
  REQUIRE(told.size() == 1);
  CHECK(place.offset == kMostHeld);
}

TEST_CASE("logs -n -f: begins with the last lines, of one stream where that is asked", "[logs]") {
  const TempDir dir;
  Source source = cri_source(dir / "web.1.log");
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    all += cri_line(i, "line " + std::to_string(i) + std::string(40, '.'),
                    i % 1000 == 0 ? Stream::err : Stream::out);
  }
  put(dir / "web.1.log.1", all);
  put(source.path, cri_line(4000, "newest"));
  const auto last = [&](int lines, Stream only) {
    source.from = LastLines{.lines = lines};
    const Place place = begin_of(source, only, packed());
    std::vector<std::string> found;
    for (const Line& line : read_on(source, place, only, std::size_t{1} << 20, packed()).lines)
      found.push_back(line.text.substr(0, line.text.find('.')));
    return found;
  };
  CHECK(last(0, Stream::both).empty());
  CHECK(last(1, Stream::both) == std::vector<std::string>{"newest"});
  CHECK(last(3, Stream::both) == std::vector<std::string>{"line 2998", "line 2999", "newest"});
  CHECK(last(2, Stream::err) == std::vector<std::string>{"line 1000", "line 2000"});
  CHECK(last(5000, Stream::both).size() == 3001);
}

TEST_CASE("logs -f: goes on within a file that was compressed meanwhile", "[logs]") {
  const TempDir dir;
  Source source = cri_source(dir / "web.1.log");
  const std::string first = cri_line(0, "one") + cri_line(1, "two");
  put(source.path, first);
  Place place;
  CHECK(go_on(source, place).lines.size() == 2);
  put(source.path, first + cri_line(2, "three"));
  rotate_compressed(source.path);
  put(source.path, cri_line(3, "four"));
  const Run run = go_on(source, place);
  CHECK(!run.missed);
  CHECK(texts(run.lines) == std::vector<std::string>{"three", "four"});
  source.from = LastLines{.lines = 3};
  Place last = begin_of(source, Stream::both, packed());
  CHECK(texts(go_on(source, last).lines) == std::vector<std::string>{"two", "three", "four"});
  source.from = SinceTime{.time = to_string(stamp() + std::chrono::seconds(0))};
  Place since = begin_of(source, Stream::both, packed());
  CHECK(go_on(source, since).lines.size() == 4);
}

TEST_CASE("logs -f: of format raw too, and what is compressed is still kept", "[logs]") {
  const TempDir dir;
  const Source source{.worker = "web.1", .path = dir / "web.1.log", .format = LogFormat::raw};
  put(source.path, "one\ntwo\n");
  Place place;
  CHECK(go_on(source, place).lines.size() == 2);
  put(source.path, "one\ntwo\nthree\n");
  rotate_compressed(source.path);
  put(source.path, "four\n");
  const Run run = go_on(source, place);
  CHECK(!run.missed);
  CHECK(texts(run.lines) == std::vector<std::string>{"three", "four"});
  Place gone{.file = 1, .offset = 5};
  const Run anew = go_on(source, gone);
  CHECK(anew.missed);
  CHECK(texts(anew.lines) == std::vector<std::string>{"one", "two", "three", "four"});
}

TEST_CASE("logs -f: of several files that begin at one time none is left out", "[logs]") {
  const TempDir dir;
  const Source source = cri_source(dir / "web.1.log");
  std::vector<std::string> all;
  for (int file = 3; file >= 0; --file) {
    std::string text;
    for (int i = 0; i < 5; ++i) {
      all.push_back(std::to_string(file) + "-" + std::to_string(i));
      text += cri_line(0, all.back());
    }
    put(rotated_path(source.path, file), text);
  }
  // One that is compressed among them.
  REQUIRE(rename(rotated_path(source.path, 1).c_str(), (dir / "plain").c_str()) == 0);
  compress(dir / "plain", compressed_path(source.path, 1));
  Place place;
  std::vector<std::string> read;
  for (bool more = true; more;) {
    const Run run = go_on(source, place, 100);
    for (const std::string& text : texts(run.lines)) read.push_back(text);
    more = run.more && read.size() <= all.size();
  }
  CHECK(read == all);
}

TEST_CASE("logs --since: begins with the file and near the line of that time", "[logs]") {
  const TempDir dir;
  Source source = cri_source(dir / "web.1.log");
  std::string old;
  std::string live;
  for (int i = 0; i < 3000; ++i) old += cri_line(i, std::string(100, 'o'));
  for (int i = 3000; i < 6000; ++i) live += cri_line(i, std::string(100, 'n'));
  put(dir / "web.1.log.1", old);
  put(source.path, live);
  for (const int second : {0, 1, 1700, 2999, 3000, 3001, 5999}) {
    source.from = SinceTime{.time = to_string(stamp() + std::chrono::seconds(second))};
    const Place place = begin_of(source, Stream::both, packed());
    const Run run = read_on(source, place, Stream::both, std::size_t{8} << 20, packed());
    const auto time = std::get<SinceTime>(source.from).time;
    std::size_t later = 0;
    for (const Line& line : run.lines) later += line.time >= time ? 1U : 0U;
    CHECK(later == static_cast<std::size_t>(6000 - second));
    // Not much more than what was asked for.
    CHECK(run.lines.size() - later < 700);
  }
}

TEST_CASE("logs -f: of several workers no line comes before an earlier one that waits", "[logs]") {
  const auto at = [](int second, std::uint64_t offset) {
    return Line{.worker = "w",
                .time = to_string(stamp() + std::chrono::seconds(second)),
                .text = std::to_string(second),
                .place = Place{.file = 1, .offset = offset}};
  };
  const std::vector<Source> sources{{.worker = "w.1"}, {.worker = "w.2"}};
  Run cut_off{.lines = {at(1, 10), at(3, 20)}, .end = {.file = 1, .offset = 20}, .more = true};
  Run whole{.lines = {at(2, 10), at(4, 20), at(5, 30)}, .end = {.file = 1, .offset = 30}};
  const std::vector<Line> lines =
      merged_runs(sources, {Place{}, Place{}}, {std::move(cut_off), std::move(whole)});
  CHECK(texts(lines) == std::vector<std::string>{"1", "2", "3", "", ""});
  CHECK(lines.at(4).note == Note::more);
  CHECK(lines.at(4).place == Place{.file = 1, .offset = 10});
}

TEST_CASE("logs -f: that lines are no longer kept is told once, also where they have to wait",
          "[logs]") {
  const TempDir dir;
  const Source source = cri_source(dir / "web.1.log");
  RotatingFile file(source.path, {.max_size = 200, .keep = 1});
  for (int i = 1; i < 30; ++i)
    file.write(cri_line(i, "line " + std::to_string(i)), LogFormat::cri, stamp());
  const Place gone{.file = 4711, .offset = 17};
  const Run missing = read_on(source, gone, Stream::both, std::size_t{1} << 20, packed());
  CHECK(missing.missed);
  // Another worker has much to tell that is earlier.
  Run earlier{.lines = {{.worker = "w.2",
                         .time = to_string(stamp() - std::chrono::hours(1)),
                         .place = Place{.file = 1, .offset = 10}}},
              .end = {.file = 1, .offset = 10},
              .more = true};
  const std::vector<Line> lines =
      merged_runs({source, {.worker = "w.2"}}, {gone, Place{}}, {missing, std::move(earlier)});
  REQUIRE(lines.size() == 4);
  CHECK(lines.at(0).note == Note::missed);
  CHECK(lines.at(2).note == Note::more);
  const Run again =
      read_on(source, *lines.at(2).place, Stream::both, std::size_t{1} << 20, packed());
  CHECK_FALSE(again.missed);
  CHECK(texts(again.lines) == texts(missing.lines));
}
