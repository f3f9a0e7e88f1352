#include "logs/file_origin.h"

#include <atomic>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/gzip.h"
#include "logs/log_files.h"

using namespace superd;
using namespace superd::logs;

namespace {

UniqueFd to_read(const std::string& path) {
  Result<UniqueFd> fd = open_for_reading(path);
  REQUIRE(fd);
  return std::move(*fd);
}

}  // namespace

TEST_CASE("logs: a file is known again by its origin, also when it is compressed", "[logs]") {
  const TempDir dir;
  put(dir / "one", "text\n");
  put(dir / "other", "text\n");
  const std::string origin = origin_of(to_read(dir / "one").get());
  CHECK_FALSE(origin.empty());
  CHECK(origin != origin_of(to_read(dir / "other").get()));
  REQUIRE(compress_file(to_read(dir / "one").get(), dir / "packed", std::atomic<bool>{false}));
  REQUIRE(rename((dir / "one").c_str(), (dir / "renamed").c_str()) == 0);
  CHECK(origin_of(to_read(dir / "renamed").get()) == origin);
  CHECK(origin_in_gzip(to_read(dir / "packed").get()) == origin);
  CHECK(PackedText::of(to_read(dir / "packed").get())->size() == 5);
}

TEST_CASE("logs: what is no gzip file of superd's has no origin in it", "[logs]") {
  const TempDir dir;
  for (const std::string text : {"", "plain\n", "\x1f\x8b\x08\x10", "\x1f\x8b\x08"}) {
    put(dir / "other", text);
    CHECK(origin_in_gzip(to_read(dir / "other").get()).empty());
  }
}
