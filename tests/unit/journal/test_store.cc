#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "journal/store.h"

using namespace superd;
using namespace superd::journal;

namespace {

struct Place {
  Place() {
    char name[] = "/tmp/superd-journal-XXXXXX";
    dir = ::mkdtemp(name);
  }
  ~Place() { std::filesystem::remove_all(dir); }
  [[nodiscard]] std::string path() const { return dir + "/journal"; }
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path()).rdbuf();
    return all.str();
  }

  std::string dir;
};

}  // namespace

TEST_CASE("journal: what was flushed is read back; what was not is not there", "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  CHECK(read(place.path())->values.empty());
  REQUIRE(store.flush());
  store.put("b", "2");
  store.drop("a");
  REQUIRE(store.flush());
  store.put("c", "3");
  const Result<Content> content = read(place.path());
  REQUIRE(content);
  CHECK(content->head->boot_id == "boot");
  CHECK(content->values == std::map<std::string, std::string>{{"b", "2"}});
}

TEST_CASE("journal: a value that is the same already is not written again", "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  const std::string before = place.text();
  store.put("a", "1");
  store.drop("b");
  REQUIRE(store.flush());
  CHECK(place.text() == before);
}

TEST_CASE("journal: it stays within some times of what it has to say", "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  for (int i = 0; i < 200'000; ++i) {
    store.put("worker/web." + std::to_string(i % 10), std::to_string(i));
    if (i % 10 == 0) REQUIRE(store.flush());
  }
  REQUIRE(store.flush());
  CHECK(std::filesystem::file_size(place.path()) < 300'000);
  CHECK(read(place.path())->values == store.values());
}

TEST_CASE("journal: nobody else can read it, and a symlink in its place is not followed",
          "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("secret", "1");
  REQUIRE(store.flush());
  struct stat status {};
  REQUIRE(::stat(place.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  const std::string elsewhere = place.dir + "/elsewhere";
  std::filesystem::rename(place.path(), elsewhere);
  std::filesystem::create_symlink(elsewhere, place.path());
  CHECK_FALSE(read(place.path()));
  Store other(place.path(), "boot");
  other.put("a", "1");
  REQUIRE(other.flush());
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(place.path())));
  CHECK(read(elsewhere)->values.contains("secret"));
}

TEST_CASE("journal: one that others may write is not believed", "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  ::chmod(place.path().c_str(), 0620);
  CHECK_FALSE(read(place.path()));
}

TEST_CASE("journal: after a time in which it could not be written it has everything again",
          "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  // A directory in the place of what is written beside: no flush that rewrites gets through.
  Store full("/dev/full/journal", "boot");
  full.put("a", "1");
  CHECK_FALSE(full.flush());
  CHECK(full.failing());
  Store later(place.dir + "/missing/journal", "boot");
  later.put("a", "1");
  CHECK_FALSE(later.flush());
  later.put("b", "2");
  std::filesystem::create_directory(place.dir + "/missing");
  REQUIRE(later.flush());
  CHECK_FALSE(later.failing());
  CHECK(read(place.dir + "/missing/journal")->values.size() == 2);
}

TEST_CASE("journal: at an ordered end nothing is left of it", "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  store.remove();
  CHECK(std::filesystem::is_empty(place.dir));
}

TEST_CASE("journal: one that is set aside is kept beside", "[journal]") {
  const Place place;
  CHECK(set_aside(place.path()));
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  REQUIRE(set_aside(place.path()));
  CHECK(read(place.path())->values.empty());
  CHECK(read(place.path() + ".aside")->values.size() == 1);
}

TEST_CASE("journal: one that was moved away is written anew, whole, once that is seen",
          "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("a", "1");
  REQUIRE(store.flush());
  CHECK_FALSE(store.look_after());
  std::filesystem::rename(place.path(), place.path() + ".moved");
  CHECK(store.look_after());
  REQUIRE(store.flush());
  const Result<Content> content = read(place.path());
  REQUIRE(content);
  CHECK(content->values == std::map<std::string, std::string>{{"a", "1"}});
  CHECK_FALSE(store.look_after());
}
