#include "logs/compressor.h"

#include <atomic>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "logs/gzip.h"
#include "logs/log_files.h"
#include "logs/reader.h"
#include "logs/rotating_file.h"

using namespace superd;
using namespace superd::logs;

namespace {

constexpr std::size_t kPlenty = std::size_t{64} << 20;

bool there(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::string unpacked(const std::string& path) {
  const Result<UniqueFd> fd = open_for_reading(path);
  REQUIRE(fd);
  const auto text = PackedText::of(fd->get());
  REQUIRE(text);
  return text->read(fd->get(), 0, kPlenty);
}

struct Fixture {
  TempDir dir;
  loop::Loop loop = std::move(*loop::Loop::create());
  Compressor compressor{loop, [](const auto&, const auto& job, const auto& done) {
                          job();
                          done();
                        }};
  std::string path = dir / "web.1.log";
};

}  // namespace

TEST_CASE("compress: rotated files become gzip files, the live one stays", "[logs]") {
  Fixture f;
  std::string big;
  for (int i = 0; i < 30'000; ++i) big += "line " + std::to_string(i) + "\n";
  put(f.path, "live\n");
  put(f.path + ".1", big);
  put(f.path + ".2", "old\n");
  // Of a logger that was killed.
  put(f.path + ".gz.part", "half");
  f.compressor.want(f.path);
  REQUIRE(loop::run_until(f.loop, [&] { return f.compressor.idle(); }));
  CHECK(contents(f.path) == "live\n");
  CHECK_FALSE(there(f.path + ".1"));
  CHECK_FALSE(there(f.path + ".2"));
  CHECK_FALSE(there(f.path + ".gz.part"));
  CHECK(unpacked(f.path + ".1.gz") == big);
  CHECK(contents(f.path + ".1.gz").size() < big.size() / 2);
  CHECK(unpacked(f.path + ".2.gz") == "old\n");
}

TEST_CASE("compress: a file that rotates meanwhile gets the place that it has then", "[logs]") {
  Fixture f;
  put(f.path, "new\n");
  put(f.path + ".1", std::string(std::size_t{4} << 20, 'x'));
  f.compressor.want(f.path);
  // The end of the compression is told by the loop, which has not run yet.
  REQUIRE(rotate_files(f.path, 5));
  REQUIRE(loop::run_until(f.loop, [&] { return f.compressor.idle(); }));
  CHECK(unpacked(f.path + ".1.gz") == "new\n");
  CHECK(unpacked(f.path + ".2.gz").size() == std::size_t{4} << 20);
}

TEST_CASE("compress: a file that is dropped meanwhile leaves nothing behind", "[logs]") {
  Fixture f;
  put(f.path + ".1", "old\n");
  f.compressor.want(f.path);
  REQUIRE(unlink((f.path + ".1").c_str()) == 0);
  REQUIRE(loop::run_until(f.loop, [&] { return f.compressor.idle(); }));
  CHECK_FALSE(there(f.path + ".1.gz"));
  CHECK_FALSE(there(f.path + ".gz.part"));
}

TEST_CASE("compress: a symlink in place of a rotated file is not followed", "[logs]") {
  Fixture f;
  put(f.dir / "precious", "precious\n");
  REQUIRE(symlink((f.dir / "precious").c_str(), (f.path + ".1").c_str()) == 0);
  f.compressor.want(f.path);
  CHECK(f.compressor.idle());
  CHECK_FALSE(there(f.path + ".1.gz"));
  CHECK(contents(f.dir / "precious") == "precious\n");
}

TEST_CASE("compress: one that is given up leaves nothing behind", "[logs]") {
  const TempDir dir;
  put(dir / "in", "text\n");
  const Result<UniqueFd> in = open_for_reading(dir / "in");
  REQUIRE(in);
  const std::atomic<bool> stop{true};
  const Status status = compress_file(in->get(), dir / "out", stop);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ECANCELED);
  CHECK_FALSE(there(dir / "out"));
}

TEST_CASE("rotation: compressed files move on and go as the others do", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "live\n");
  put(path + ".1.gz", "one");
  put(path + ".2", "two");
  put(path + ".3.gz", "three");
  put(path + ".4.gz", "four");
  REQUIRE(rotate_files(path, 3));
  CHECK_FALSE(there(path));
  CHECK(contents(path + ".1") == "live\n");
  CHECK_FALSE(there(path + ".1.gz"));
  CHECK(contents(path + ".2.gz") == "one");
  CHECK_FALSE(there(path + ".2"));
  CHECK(contents(path + ".3") == "two");
  CHECK_FALSE(there(path + ".3.gz"));
  CHECK_FALSE(there(path + ".4.gz"));
}

TEST_CASE("logs: compressed files are read as the others", "[logs]") {
  Fixture f;
  put(f.path, "three\n");
  put(f.path + ".1", "two\n");
  put(f.path + ".2", "one\n");
  f.compressor.want(f.path);
  REQUIRE(loop::run_until(f.loop, [&] { return f.compressor.idle(); }));
  const Source source{.worker = "web.1", .path = f.path, .format = core::LogFormat::raw};
  CHECK(texts(read_last_lines(source, Stream::both, 9, kPlenty, packed())) ==
        std::vector<std::string>{"one", "two", "three"});
}
