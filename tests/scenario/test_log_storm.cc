#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/mode.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// What the logger has read of a stream and not yet written, at most: lost where it is killed then,
// but of format raw.
constexpr int kBuffer = 256 * 1024;

// `number 000000001 xxx…` and so on, about 400 lines of 100 bytes a second:
// in the five seconds that a logger which is killed again and again is away a pipe holds them all.
std::string numbers(const std::string& format) {
  return R"(
[group.web]
command = ["/usr/bin/python3", "-c", """
import os, time
n = 0
while True:
    for _ in range(20):
        n += 1
        os.write(1, b'number %09d %s\\n' % (n, b'x' * 83))
    time.sleep(0.05)
"""]
ready = { when = "delay", delay = "50ms" }
[group.web.log]
max_size = "16KiB"
keep = 1000
format = ")" +
         format + "\"\n";
}

// What the files of a worker tell, from the oldest to the newest.
struct Account {
  int last = 0;
  int lines = 0;
  int gaps = 0;             // which no line tells of
  int most_missing = 0;     // in one of them
  int counted_missing = 0;  // that a line of superd tells of
  long bytes_lost = 0;      // by such lines
  std::vector<std::string> wrong;

  void take(std::string_view line) {
    const std::size_t lost = line.find("superd: ");
    if (lost != std::string_view::npos) {
      marker_ = true;
      ++markers;
      bytes_lost += std::strtol(line.data() + lost + 8, nullptr, 10);
      return;
    }
    const std::size_t at = line.find("number ");
    const int number = at == std::string_view::npos
                           ? 0
                           : static_cast<int>(std::strtol(line.data() + at + 7, nullptr, 10));
    if (number == 0 || !line.substr(at).ends_with(std::string(83, 'x') + end)) {
      // Only in format raw may what is lost begin or end in a line.
      ++cut;
      if (!raw) wrong.push_back(fmt::format("behind {}: {}", last, line));
      return;
    }
    if (number <= last) wrong.push_back(fmt::format("behind {}: {}", last, line));
    const int missing = number - last - 1;
    if (missing > 0 && marker_) counted_missing += missing;
    if (missing > 0 && !marker_) {
      ++gaps;
      most_missing = std::max(most_missing, missing);
    }
    marker_ = false;
    last = number;
    ++lines;
  }

  int cut = 0;
  int markers = 0;
  bool raw = false;
  std::string end;

 private:
  bool marker_ = false;
};

int files_of(const Site& site) {
  int count = 0;
  while (std::filesystem::exists(site.path(fmt::format("log/web.1.log.{}", count + 1)))) ++count;
  return count;
}

Account account_of(const Site& site, const std::string& format) {
  Account account;
  account.raw = format == "raw";
  account.end = format == "json" ? "\"}" : "";
  for (int file = files_of(site); file >= 0; --file) {
    const std::string text =
        site.read(file == 0 ? "log/web.1.log" : fmt::format("log/web.1.log.{}", file));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      // The last line of all may be on its way.
      if (end == text.size() && file == 0) break;
      account.take(std::string_view(text).substr(at, end - at));
      at = end + 1;
    }
  }
  return account;
}

// The number that was written last.
int newest(const Site& site) {
  const std::string text = site.read("log/web.1.log");
  const std::size_t at = text.rfind("number ");
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + 7);
}

bool goes_on(const Site& site, int lines) {
  const int before = newest(site);
  return wait_until(kSoon, [&] { return newest(site) > before + lines; });
}

void kill_logger(const Superd& superd) {
  const pid_t logger = superd.logger();
  REQUIRE(logger > 0);
  REQUIRE(::kill(logger, SIGKILL) == 0);
  REQUIRE(wait_until(kSoon, [&] { return superd.logger() > 0 && superd.logger() != logger; }));
}

// A file system of its own in the place of the site's log directory.
class Mounted {
 public:
  Mounted(const Site& site, const char* source, const char* type, const char* options)
      : path_(site.path("log")) {
    std::filesystem::create_directory(path_);
    REQUIRE(::mount(source, path_.c_str(), type, 0, options) == 0);
  }
  ~Mounted() { ::umount2(path_.c_str(), MNT_DETACH); }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A file system in the place of the site's log directory on which nothing goes on from freeze() to
// thaw().
class FrozenDisk {
 public:
  explicit FrozenDisk(const Site& site) : path_(site.path("log")) {
    const std::string make =
        fmt::format("truncate -s 64M {0} && mkfs.ext4 -q {0} && mkdir {1} && mount -o loop {0} {1}",
                    site.path("image"), path_);
    if (std::system(make.c_str()) != 0) skip("no file system in a file can be mounted here");
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~FrozenDisk() {
    thaw();
    fd_.reset();
    ::umount2(path_.c_str(), MNT_DETACH);
  }
  FrozenDisk(const FrozenDisk&) = delete;
  FrozenDisk& operator=(const FrozenDisk&) = delete;

  [[nodiscard]] bool freeze() { return frozen_ = ::ioctl(fd_.get(), FIFREEZE, 0) == 0; }
  void thaw() {
    if (std::exchange(frozen_, false)) ::ioctl(fd_.get(), FITHAW, 0);
  }

 private:
  std::string path_;
  UniqueFd fd_;
  bool frozen_ = false;
};

// Takes all the room of a directory's file system.
void fill_up(const std::string& directory) {
  const UniqueFd ballast(
      ::open((directory + "/ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(ballast);
  const std::string block(4096, 'x');
  while (::write(ballast.get(), block.data(), block.size()) > 0) {
  }
}

struct Storm {
  int kills = 0;  // of the supervisor, and as many of the logger
  int rotations = 0;
  bool full_disk = false;
};

void run_storm(const std::string& format, Storm storm) {
  Site site(numbers(format));
  std::optional<Mounted> disk;
  if (storm.full_disk) disk.emplace(site, "none", "tmpfs", "size=32m");
  Account all;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    for (int i = 0; i < storm.kills; ++i) {
      REQUIRE(goes_on(site, 100));
      kill_logger(superd);
      REQUIRE(goes_on(site, 100));
      REQUIRE(superd.kill_supervisor());
    }
    if (storm.full_disk) {
      REQUIRE(goes_on(site, 100));
      fill_up(disk->path());
      const int before = newest(site);
      REQUIRE(wait_until(kSoon, [&] {
        return superd.log().find("No space left on device") != std::string::npos;
      }));
      // Lines have nowhere to go, the worker goes on all the same.
      REQUIRE(wait_until(kSoon, [&] {
        const std::string why = site.ctl({"why", "web.1"}).out;
        const std::size_t at = why.rfind("number ");
        return at != std::string::npos && std::atoi(why.c_str() + at + 7) > before + 400;
      }));
      std::filesystem::remove(disk->path() + "/ballast");
      REQUIRE(goes_on(site, 100));
    }
    REQUIRE(wait_until(kSoon * 3, [&] { return files_of(site) >= storm.rotations; }));
    REQUIRE(superd.end() == 0);
    all = account_of(site, format);
  }
  INFO(format << ": " << all.lines << " lines in " << files_of(site) << " files, " << all.gaps
              << " gaps of at most " << all.most_missing << " lines, " << all.counted_missing
              << " lines counted as lost");
  CHECK(all.wrong == std::vector<std::string>{});
  CHECK(all.lines > storm.kills * 200);
  CHECK(all.cut <= 2 * all.markers);
  CHECK(all.gaps <= (all.raw ? 0 : storm.kills));
  CHECK(all.most_missing * 101 <= kBuffer);
  if (storm.full_disk) {
    CHECK(all.counted_missing > 0);
    // Of one line the beginning may be in a file of format raw.
    CHECK(all.bytes_lost + (all.raw ? 101 : 0) >= all.counted_missing * 101L);
  } else {
    CHECK(all.bytes_lost == 0);
  }
}

}  // namespace

TEST_CASE("logs: every number arrives once and in order, whoever of superd is killed", "[all]") {
  run_storm("cri", {.kills = 2, .rotations = 5});
  run_storm("raw", {.kills = 2, .rotations = 5});
}

TEST_CASE(
    "logs: a hundred rotations, forty kills and a full disk, and every number is there or counted",
    "[long]") {
  for (const char* format : {"cri", "raw", "json"}) {
    run_storm(format, {.kills = 20, .rotations = 100, .full_disk = true});
  }
}

TEST_CASE("logs: on a disk that hangs nobody waits for it, and what is lost is counted", "[long]") {
  Site site(R"(
[group.web]
autostart = false
command = ["@WORKER@", "bulk", "60000"]
ready = { when = "log", match = 'line 59999 ' }
[group.other]
command = ["@WORKER@", "serve"]
ready = { when = "delay", delay = "50ms" }
)");
  FrozenDisk disk(site);
  Superd superd(site);
  REQUIRE(site.reaches("other", "running"));
  REQUIRE(disk.freeze());
  // Six megabytes, of which no pipe holds more than one; the line it waits for is the last but one.
  CHECK(site.ctl({"start", "web"}).exit == 0);
  CHECK_THAT(site.ctl({"why", "web.1"}).out, Catch::Contains("line 59999 "));
  CHECK(site.ctl({"restart", "other"}).exit == 0);
  disk.thaw();
  std::string text;
  REQUIRE(wait_until(kSoon, [&] {
    text = site.read("log/web.1.log");
    return text.find("bytes lost: the disk did not answer") != std::string::npos;
  }));
  // The lines that were kept, and those that were not, are all of them.
  const auto lines = std::count(text.begin(), text.end(), '\n') - 1;
  constexpr std::size_t kLength = 30 + 10 + 100;  // time, stream and tag, text
  const std::size_t at = text.find("superd: ") + 8;
  CHECK(std::strtoul(text.c_str() + at, nullptr, 10) ==
        (60'000 - static_cast<std::size_t>(lines)) * kLength);
  CHECK(superd.end() == 0);
}

TEST_CASE("logs: of format raw a logger that is killed on a disk that hangs loses nothing",
          "[long]") {
  Site site(numbers("raw") + "overflow = \"block\"\n");
  FrozenDisk disk(site);
  Account all;
  {
    Superd superd(site);
    REQUIRE(site.reaches("web", "running"));
    for (int i = 0; i < 5; ++i) {
      REQUIRE(goes_on(site, 20));
      REQUIRE(disk.freeze());
      // Asks the logger for all that there is, which is then on its way.
      REQUIRE(site.ctl({"why", "web.1"}).exit == 0);
      const pid_t logger = superd.logger();
      REQUIRE(::kill(logger, SIGKILL) == 0);
      // Nobody waits for it, though the disk does not let go of it.
      CHECK(site.ctl({"status"}).exit == 0);
      disk.thaw();
      REQUIRE(wait_until(kSoon, [&] { return superd.logger() > 0 && superd.logger() != logger; }));
    }
    REQUIRE(goes_on(site, 20));
    REQUIRE(superd.end() == 0);
    all = account_of(site, "raw");
  }
  CHECK(all.wrong == std::vector<std::string>{});
  CHECK(all.gaps == 0);
  CHECK(all.cut == 0);
  CHECK(all.bytes_lost == 0);
  CHECK(all.lines >= 120);
}

}  // namespace superd::scenario
