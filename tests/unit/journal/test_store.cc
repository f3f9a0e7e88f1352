#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
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

// No file of this process grows beyond so many bytes: what a full disk does, in the middle of a
// write.
class MostBytes {
 public:
  explicit MostBytes(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~MostBytes() {
    (void)::setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, handler_);
  }
  MostBytes(const MostBytes&) = delete;
  MostBytes& operator=(const MostBytes&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
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

TEST_CASE("journal: a write that a full disk ends in the middle leaves the file as it was",
          "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  store.put("group/web", "1");
  store.put("worker/web.1", "1");
  REQUIRE(store.flush());
  const std::string before = place.text();
  store.put("group/web", "2");
  store.put("worker/web.1", "2");
  {
    const MostBytes full(before.size() + 30);
    CHECK_FALSE(store.flush());
  }
  CHECK(place.text() == before);
  REQUIRE(store.flush());
  CHECK(read(place.path())->values.at("worker/web.1") == "2");
}

TEST_CASE("journal: wherever it is cut, it has what one flush had written, and no half of one",
          "[journal]") {
  const Place place;
  Store store(place.path(), "boot");
  std::vector<std::map<std::string, std::string>> moments(1);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 6; ++i) {
    store.put("group/web", std::to_string(i));
    store.put("worker/web." + std::to_string(i % 2), std::to_string(i));
    if (i == 4) store.drop("worker/web.1");
    REQUIRE(store.flush());
    moments.push_back(store.values());
    sizes.push_back(place.text().size());
  }
  const std::string text = place.text();
  for (std::size_t cut = sizes.front(); cut <= text.size(); ++cut) {
    INFO(cut);
    const auto whole = std::ranges::count_if(sizes, [&](std::size_t size) { return size <= cut; });
    CHECK(decode(text.substr(0, cut)).values == moments.at(static_cast<std::size_t>(whole)));
  }
}
