#include "logs/rotating_file.h"

#include <filesystem>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "full_disk.h"
#include "logs/log_files.h"

using namespace superd;
using namespace superd::logs;
using core::LogFormat;

namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

}  // namespace

TEST_CASE("log file: it is made with its folders, readable by owner and group only", "[logs]") {
  const TempDir dir;
  const mode_t before = umask(0);
  const std::string path = dir / "var/log/web.1.log";
  RotatingFile file(path, {});
  CHECK_FALSE(exists(path));
  file.prepare(stamp());
  umask(before);
  CHECK(contents(path).empty());
  CHECK(mode_of(path) == 0640);
  CHECK(mode_of(dir / "var/log") == 0750);
}

TEST_CASE("log file: what is written is appended to what is there", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "before\n");
  RotatingFile file(path, {.max_size = 1000, .keep = 1});
  file.write("after\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "before\nafter\n");
}

TEST_CASE("rotation: a file that would outgrow its size is moved on, and the last one goes",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 10, .keep = 2});
  for (const char* line : {"one two\n", "three\n", "four\n", "five\n", "six\n"})
    file.write(line, LogFormat::cri, stamp());
  CHECK(contents(path) == "six\n");
  CHECK(contents(path + ".1") == "four\nfive\n");
  CHECK(contents(path + ".2") == "three\n");
  CHECK_FALSE(exists(path + ".3"));
}

TEST_CASE("rotation: no line of format cri is lost, split, or written twice", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 100, .keep = 1000});
  std::string all;
  std::string block;
  for (int i = 0; i < 500; ++i) {
    std::string line =
        std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), 'x') + "\n";
    all += line;
    block += line;
    if (i % 7 != 0) continue;
    file.write(block, LogFormat::cri, stamp());
    block.clear();
  }
  file.write(block, LogFormat::cri, stamp());
  int last = 0;
  while (exists(rotated_path(path, last + 1))) ++last;
  CHECK(last > 50);
  std::string joined;
  for (int number = last; number >= 0; --number) {
    const std::string part = contents(rotated_path(path, number));
    CHECK(part.size() <= 100);
    CHECK(part.ends_with('\n'));
    joined += part;
  }
  CHECK(joined == all);
}

TEST_CASE("rotation: a line that is longer than a file may be has a file for itself", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 10, .keep = 5});
  const std::string huge = std::string(50, 'x') + "\n";
  file.write("small\n" + huge + "last\n", LogFormat::cri, stamp());
  CHECK(contents(path + ".2") == "small\n");
  CHECK(contents(path + ".1") == huge);
  CHECK(contents(path) == "last\n");
}

TEST_CASE("rotation: format raw keeps every byte and splits at a line's end where it can",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 10, .keep = 9});
  file.write("abc\ndefghij", LogFormat::raw, stamp());
  CHECK(contents(path + ".1") == "abc\n");
  CHECK(contents(path) == "defghij");
  file.write(std::string(25, 'x'), LogFormat::raw, stamp());
  CHECK(contents(path + ".4") == "abc\n");
  CHECK(contents(path + ".3") == "defghijxxx");
  CHECK(contents(path + ".2") == std::string(10, 'x'));
  CHECK(contents(path + ".1") == std::string(10, 'x'));
  CHECK(contents(path) == "xx");
}

TEST_CASE("rotation: with keep = 0 the file begins anew", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 10, .keep = 0});
  file.write("12345678\n", LogFormat::cri, stamp());
  file.write("next\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "next\n");
  CHECK_FALSE(exists(path + ".1"));
}

TEST_CASE("rotation: files beyond a lowered number go at the next rotation", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  for (int i = 1; i <= 5; ++i) put(rotated_path(path, i), "old\n");
  RotatingFile file(path, {.max_size = 10, .keep = 2});
  file.write("12345678\n", LogFormat::cri, stamp());
  file.write("next\n", LogFormat::cri, stamp());
  CHECK(contents(path + ".1") == "12345678\n");
  CHECK(exists(path + ".2"));
  for (int i = 3; i <= 5; ++i) CHECK_FALSE(exists(rotated_path(path, i)));
}

TEST_CASE("rotation: where it fails the file goes on growing and nothing is lost", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  // A folder with something in it cannot be replaced by a file.
  std::filesystem::create_directories(dir / "web.1.log.1/full");
  RotatingFile file(path, {.max_size = 10, .keep = 1});
  const std::string huge = std::string(40, 'x') + "\n";
  file.write("12345678\n" + huge + "more\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "12345678\n" + huge + "more\n");
  CHECK(file.lost() == 0);
}

TEST_CASE("log file: one that was removed, renamed or replaced is made again", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {});
  file.write("one\n", LogFormat::cri, stamp());
  REQUIRE(unlink(path.c_str()) == 0);
  file.write("two\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "two\n");
  REQUIRE(rename(path.c_str(), (dir / "moved").c_str()) == 0);
  file.write("three\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "three\n");
  CHECK(contents(dir / "moved") == "two\n");
}

TEST_CASE("log file: one that others cut short is written from its new end", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {.max_size = 10, .keep = 1});
  file.write("12345678\n", LogFormat::cri, stamp());
  REQUIRE(truncate(path.c_str(), 0) == 0);
  file.write("abcdefgh\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "abcdefgh\n");
  CHECK_FALSE(exists(path + ".1"));
}

TEST_CASE("log file: a symlink, a FIFO or a folder in its place is refused", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const std::string target = dir / "target";
  put(target, "precious\n");
  REQUIRE(symlink(target.c_str(), path.c_str()) == 0);
  RotatingFile file(path, {});
  file.write("line\n", LogFormat::cri, stamp());
  CHECK(contents(target) == "precious\n");
  CHECK(file.lost() == 5);
  REQUIRE(unlink(path.c_str()) == 0);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  file.write("line\n", LogFormat::cri, stamp());
  CHECK(file.lost() == 10);
  REQUIRE(unlink(path.c_str()) == 0);
  file.write("line\n", LogFormat::cri, stamp());
  CHECK(contents(path) ==
        "2026-11-23T01:02:03.000000000Z stderr F superd: 10 bytes lost: Invalid argument\nline\n");
}

TEST_CASE("log file: what a full disk does not take is counted, and told once it does again",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {});
  {
    const FullDisk full(16);
    file.write("first line\n", LogFormat::cri, stamp());
    file.write("second line\n", LogFormat::cri, stamp());
    file.write("third line\n", LogFormat::cri, stamp());
    // No half line stays.
    CHECK(contents(path) == "first line\n");
  }
  file.write("fourth line\n", LogFormat::cri, stamp());
  CHECK(contents(path) ==
        "first line\n"
        "2026-11-23T01:02:03.000000000Z stderr F superd: 23 bytes lost: File too large\n"
        "fourth line\n");
  CHECK(file.lost() == 23);
}

TEST_CASE("log file: format raw tells of lost bytes in a line of its own", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  RotatingFile file(path, {});
  {
    const FullDisk full(4);
    file.write("abcdef", LogFormat::raw, stamp());
  }
  file.settle(LogFormat::raw, stamp());
  CHECK(contents(path) == "abcd\nsuperd: 2 bytes lost: File too large\n");
  file.settle(LogFormat::raw, stamp());
  CHECK(contents(path).size() == 42);
}

TEST_CASE("log file: a line that broke off earlier is ended before the next", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "broken");
  RotatingFile file(path, {});
  file.write("whole\n", LogFormat::cri, stamp());
  CHECK(contents(path) == "broken\nwhole\n");
}

TEST_CASE("log file: what it cannot take is given back to who wants to keep it", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "torn");
  RotatingFile file(path, {});
  {
    const FullDisk full(20);
    CHECK(file.write("one\ntwo\nthree\nfour\n", LogFormat::cri, stamp(),
                     RotatingFile::Rest::keep) == 14);
    CHECK(contents(path) == "torn\none\ntwo\nthree\n");
    CHECK(file.write("four\n", LogFormat::cri, stamp(), RotatingFile::Rest::keep) == 0);
  }
  CHECK(file.write("four\n", LogFormat::cri, stamp(), RotatingFile::Rest::keep) == 5);
  CHECK(contents(path) == "torn\none\ntwo\nthree\nfour\n");
  CHECK(file.lost() == 0);
}
