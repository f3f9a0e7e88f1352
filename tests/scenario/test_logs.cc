#include <algorithm>
#include <csignal>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/shortage.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string bulk(const std::string& log, int lines) {
  return "[group.web]\ncommand = [\"@WORKER@\", \"bulk\", \"" + std::to_string(lines) +
         "\"]\nready = { when = \"delay\", delay = \"50ms\" }\n[group.web.log]\n" + log;
}

// The logger's files cannot grow beyond this size, as on a full disk.
void limit_files(const Superd& superd, rlim_t size) {
  const pid_t logger = superd.logger();
  rlimit limit{};
  REQUIRE(::prlimit(logger, RLIMIT_FSIZE, nullptr, &limit) == 0);
  limit.rlim_cur = std::min(size, limit.rlim_max);
  REQUIRE(::prlimit(logger, RLIMIT_FSIZE, &limit, nullptr) == 0);
}

// How many ends of pipes the process has open.
std::ptrdiff_t pipes(pid_t pid) {
  const std::vector<int> open = descriptors(pid);
  return std::count_if(open.begin(), open.end(), [pid](int fd) {
    std::error_code gone;
    const std::string link = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
    return std::filesystem::read_symlink(link, gone).string().starts_with("pipe:");
  });
}

// One that is started by hand, says its last words and ends.
std::string last_words(const char* format) {
  return std::string(R"(
[group.web]
autostart = false
command = ["@WORKER@", "say", "last words", "exit", "9"]
respawn = { policy = "never" }
log     = { format = ")") +
         format + "\" }\n";
}

}  // namespace

TEST_CASE("logs: format cri has time, stream and text of each line", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "say", "to standard output", "to standard error"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return lines_of(site.read("log/web.1.log")).size() == 2; }));
  std::vector<std::string> lines = lines_of(site.read("log/web.1.log"));
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z )";
  std::sort(lines.begin(), lines.end(),
            [](const auto& a, const auto& b) { return a.substr(30) > b.substr(30); });
  CHECK(std::regex_match(lines.at(0), std::regex(time + "stdout F to standard output")));
  CHECK(std::regex_match(lines.at(1), std::regex(time + "stderr F to standard error")));
}

TEST_CASE("logs: format raw has the bytes as they were written", "[all]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "printf 'one\\ntwo'; printf ' and a half\\n' >&2; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
log     = { format = "raw" }
)");
  const Superd superd(site);
  CHECK(wait_until(kSoon, [&] { return site.read("log/web.1.log") == "one\ntwo and a half\n"; }));
}

TEST_CASE("logs: format json has one object a line, which superctl logs reads", "[all]") {
  Site site(R"(
[group.web]
command = ["sh", "-c", "printf 'a \"word\" \\377\\n'; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
log     = { format = "json" }
)");
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return site.read("log/web.1.log").ends_with('\n'); }));
  const auto line = nlohmann::json::parse(site.read("log/web.1.log"), nullptr, false);
  REQUIRE(line.is_object());
  CHECK(line.at("worker") == "web.1");
  CHECK(line.at("stream") == "stdout");
  CHECK(line.at("text") == "a \"word\" \xEF\xBF\xBD");
  CHECK(line == nlohmann::json::parse(site.ctl({"logs", "web", "--json"}).out, nullptr, false));
}

TEST_CASE("logs: files rotate by size, and no line is lost or split", "[all]") {
  Site site(bulk("max_size = \"64KiB\"\nkeep = 20\n", 5000));
  const Superd superd(site);
  std::string all;
  CHECK(wait_until(kSoon, [&] {
    all.clear();
    for (int i = 20; i > 0; --i) all += site.read("log/web.1.log." + std::to_string(i));
    all += site.read("log/web.1.log");
    return lines_of(all).size() == 5000;
  }));
  const std::vector<std::string> lines = lines_of(all);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(" F line " + std::to_string(i + 1) + " ") == std::string::npos) {
      FAIL("line " << i + 1 << " is: " << lines[i]);
    }
  }
  struct stat info {};
  REQUIRE(::stat(site.path("log/web.1.log.1").c_str(), &info) == 0);
  CHECK(info.st_size <= 65536);
}

TEST_CASE("logs: no more old files than the config keeps", "[all]") {
  Site site(bulk("max_size = \"64KiB\"\nkeep = 2\n", 5000));
  const Superd superd(site);
  CHECK(wait_until(
      kSoon, [&] { return site.read("log/web.1.log").find("line 5000 ") != std::string::npos; }));
  CHECK(!site.read("log/web.1.log.2").empty());
  CHECK(::access(site.path("log/web.1.log.3").c_str(), F_OK) != 0);
}

TEST_CASE("logs: files that were moved are opened anew at USR1 and at logs --reopen", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "say", "first words"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  const std::string live = site.path("log/web.1.log");
  REQUIRE(wait_until(kSoon, [&] { return !site.read("log/web.1.log").empty(); }));
  REQUIRE(::rename(live.c_str(), site.path("log/moved.1").c_str()) == 0);
  const Outcome run = site.ctl({"logs", "--reopen"});
  CHECK(run.exit == 0);
  CHECK(run.out.empty());
  CHECK(::access(live.c_str(), F_OK) == 0);
  REQUIRE(::rename(live.c_str(), site.path("log/moved.2").c_str()) == 0);
  REQUIRE(::kill(superd.keeper(), SIGUSR1) == 0);
  CHECK(wait_until(kSoon, [&] { return ::access(live.c_str(), F_OK) == 0; }));
  CHECK(site.ctl({"logs", "--reopen", "web"}).exit == 2);
}

TEST_CASE("logs: with compress old files are gzip files, which superctl logs reads", "[all]") {
  Site site(bulk("max_size = \"64KiB\"\nkeep = 20\ncompress = true\n", 2000));
  const Superd superd(site);
  CHECK(wait_until(kSoon, [&] {
    return ::access(site.path("log/web.1.log.2.gz").c_str(), F_OK) == 0 &&
           ::access(site.path("log/web.1.log.1").c_str(), F_OK) != 0 &&
           ::access(site.path("log/web.1.log.2").c_str(), F_OK) != 0;
  }));
  const std::vector<std::string> lines = lines_of(site.ctl({"logs", "web", "-n", "2000"}).out);
  REQUIRE(lines.size() == 2000);
  CHECK_THAT(lines.at(0), Catch::Contains("line 1 "));
}

TEST_CASE("logs: what a full disk does not take is dropped and counted", "[all]") {
  Site site("[group.web]\nautostart = false\n" + bulk("", 5000).substr(12));
  const Superd superd(site);
  limit_files(superd, 50'000);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] {
    return site.ctl({"why", "web.1"}).out.find("line 5000 ") != std::string::npos;
  }));
  limit_files(superd, RLIM_INFINITY);
  REQUIRE(site.ctl({"stop", "web"}).exit == 0);
  std::vector<std::string> lines;
  REQUIRE(wait_until(kSoon, [&] {
    lines = lines_of(site.read("log/web.1.log"));
    return !lines.empty() && lines.back().find(" bytes lost: ") != std::string::npos;
  }));
  const std::size_t kept = lines.size() - 1;
  for (std::size_t i = 0; i < kept; ++i) {
    CHECK_THAT(lines[i], Catch::Contains(" F line " + std::to_string(i + 1) + " "));
  }
  const std::size_t lost = (5000 - kept) * (lines[0].size() + 1);
  CHECK_THAT(lines.back(), Catch::Contains("superd: " + std::to_string(lost) + " bytes lost: "));
}

TEST_CASE("logs: with overflow = block a worker waits for a full disk, and nothing is lost",
          "[all]") {
  Site site("[group.web]\nautostart = false\n" + bulk("overflow = \"block\"\n", 5000).substr(12));
  const Superd superd(site);
  limit_files(superd, 50'000);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return site.read("log/web.1.log").size() > 49'000; }));
  CHECK(site.ctl({"why", "web.1"}).out.find("line 5000 ") == std::string::npos);
  limit_files(superd, RLIM_INFINITY);
  std::vector<std::string> lines;
  REQUIRE(wait_until(kSoon, [&] {
    lines = lines_of(site.read("log/web.1.log"));
    return lines.size() == 5000;
  }));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(" F line " + std::to_string(i + 1) + " ") == std::string::npos) {
      FAIL("line " << i + 1 << " is: " << lines[i]);
    }
  }
}

TEST_CASE("logs: of format raw a killed logger loses nothing of what the disk had no room for",
          "[all]") {
  Site site("[group.web]\nautostart = false\n" +
            bulk("format = \"raw\"\noverflow = \"block\"\n", 5000).substr(12));
  const Superd superd(site);
  limit_files(superd, 50'000);
  REQUIRE(site.ctl({"start", "web"}).exit == 0);
  REQUIRE(wait_until(kSoon, [&] { return site.read("log/web.1.log").size() == 50'000; }));
  // The next one has no limit.
  REQUIRE(::kill(superd.logger(), SIGKILL) == 0);
  std::vector<std::string> lines;
  REQUIRE(wait_until(kSoon, [&] {
    lines = lines_of(site.read("log/web.1.log"));
    return !lines.empty() && lines.back().starts_with("line 5000 ");
  }));
  REQUIRE(lines.size() == 5000);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("line " + std::to_string(i + 1) + " ") ||
        lines[i].size() != lines[0].size()) {
      FAIL("line " << i + 1 << " is: " << lines[i]);
    }
  }
}

TEST_CASE("logs: the last words of a worker that ended while nobody read them are not lost",
          "[all]") {
  const char* format = GENERATE("raw", "cri");
  const bool supervisor_dies = GENERATE(false, true);
  CAPTURE(format, supervisor_dies);
  Site site(last_words(format));
  const Superd superd(site);
  REQUIRE(wait_until(kSoon, [&] { return superd.logger() > 0; }));
  const pid_t logger = superd.logger();
  REQUIRE(::kill(logger, SIGSTOP) == 0);
  REQUIRE(site.ctl({"start", "web", "--no-wait"}).exit == 0);
  REQUIRE(site.reaches("web", "failed"));
  if (supervisor_dies) REQUIRE(superd.kill_supervisor());
  REQUIRE(::kill(logger, SIGKILL) == 0);
  CHECK(wait_until(
      kSoon, [&] { return site.read("log/web.1.log").find("last words") != std::string::npos; }));
}

TEST_CASE("logs: once they are written no supervisor has the pipes of workers that have ended",
          "[all]") {
  const char* format = GENERATE("raw", "cri");
  Site site(last_words(format));
  const Superd superd(site);
  REQUIRE(superd.kill_supervisor());
  const auto held = [&] { return std::pair(pipes(superd.supervisor()), pipes(superd.keeper())); };
  const auto before = held();
  const pid_t logger = superd.logger();
  REQUIRE(::kill(logger, SIGSTOP) == 0);
  REQUIRE(site.ctl({"start", "web", "--no-wait"}).exit == 0);
  REQUIRE(site.reaches("web", "failed"));
  REQUIRE(superd.kill_supervisor());
  REQUIRE(::kill(logger, SIGCONT) == 0);
  CHECK(wait_until(kSoon, [&] { return held() == before; }));
  CHECK_THAT(site.read("log/web.1.log"), Catch::Contains("last words"));
}

TEST_CASE("logs -n: the last lines, with the worker's name when there are several", "[all]") {
  Site site(R"(
[group.one]
command = ["@WORKER@", "bulk", "100"]
[group.two]
command = ["@WORKER@", "say", "hello from {worker}"]
workers = 2
)");
  const Superd superd(site);
  REQUIRE(site.reaches("one", "running"));
  REQUIRE(site.reaches("two", "running"));
  const std::vector<std::string> one = lines_of(site.ctl({"logs", "one", "-n", "3"}).out);
  REQUIRE(one.size() == 3);
  CHECK_THAT(one.at(2), Catch::Contains("line 100 "));
  CHECK_THAT(one.at(0), Catch::Contains("line 98 "));
  const std::string two = site.ctl({"logs", "two"}).out;
  CHECK_THAT(two, Catch::Contains("two.1 | ") && Catch::Contains("hello from 1"));
  CHECK_THAT(two, Catch::Contains("two.2 | ") && Catch::Contains("hello from 2"));
  for (const std::string& line : lines_of(site.ctl({"logs", "two", "--json"}).out)) {
    CHECK(nlohmann::json::parse(line, nullptr, false).is_object());
  }
}

TEST_CASE("logs: with inherit the output goes where superd's own goes", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "say", "straight out"]
ready   = { when = "delay", delay = "50ms" }
log     = { output = "inherit" }
[group.quiet]
command = ["@WORKER@", "say", "never seen"]
ready   = { when = "delay", delay = "50ms" }
log     = { output = "discard" }
)");
  const Superd superd(site);
  CHECK(
      wait_until(kSoon, [&] { return superd.log().find("straight out\n") != std::string::npos; }));
  REQUIRE(site.reaches("quiet", "running"));
  CHECK(superd.log().find("never seen") == std::string::npos);
  CHECK(::access(site.path("log/quiet.1.log").c_str(), F_OK) != 0);
}

TEST_CASE("logs: the last words of a worker that died are there", "[all]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "say", "first words", "last words", "exit", "9"]
respawn = { policy = "never" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "failed"));
  CHECK_THAT(site.ctl({"logs", "web"}).out, Catch::Contains("last words"));
  CHECK_THAT(site.ctl({"why", "web.1"}).out, Catch::Contains("last words") && Catch::Contains("9"));
}

}  // namespace superd::scenario
