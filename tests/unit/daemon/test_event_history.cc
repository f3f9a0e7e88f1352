#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/event_history.h"

namespace superd::daemon {
namespace {

class Directory {
 public:
  Directory() {
    char path[] = "/tmp/superd-events-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Directory() {
    for (const char* name : {"/events", "/events.new"}) ::unlink((path_ + name).c_str());
    ::rmdir(path_.c_str());
  }
  [[nodiscard]] std::string file() const { return path_ + "/events"; }

 private:
  std::string path_;
};

wire::OccurrenceView event(std::uint64_t id) {
  wire::OccurrenceView view;
  view.id = id;
  view.time = "2026-11-23T04:00:00.000Z";
  view.event = "worker.exited";
  view.group = "web";
  view.worker = "web.2";
  return view;
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_CASE("events: the next supervisor knows what was told, and its last id", "[daemon]") {
  const Directory directory;
  {
    EventHistory history(directory.file());
    CHECK(history.last_id() == 0);
    for (std::uint64_t id = 1; id <= 3; ++id) history.add(event(id));
  }
  struct stat status {};
  REQUIRE(::stat(directory.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  EventHistory next(directory.file());
  CHECK(next.last_id() == 3);
  next.add(event(4));
  const EventHistory third(directory.file());
  REQUIRE(third.entries().size() == 4);
  CHECK(third.entries().front().id == 1);
  CHECK(third.entries().back().group == "web");
  CHECK(third.after(2)->id == 3);
  CHECK(third.after(4) == third.entries().end());
}

TEST_CASE(
    "events: the story of a worker has its own events, and what superd went through meanwhile",
    "[daemon]") {
  const Directory directory;
  EventHistory history(directory.file());
  const auto add = [&](std::uint64_t id, const char* group, const char* worker) {
    wire::OccurrenceView view = event(id);
    view.group = *group == '\0' ? std::nullopt : std::optional<std::string>(group);
    view.worker = *worker == '\0' ? std::nullopt : std::optional<std::string>(worker);
    history.add(view);
  };
  add(1, "", "");
  add(2, "web", "web.1");
  add(3, "web", "");
  add(4, "", "");
  add(5, "web", "web.2");
  add(6, "web", "web.1");
  for (std::uint64_t id = 7; id < 17; ++id) add(id, "", "");
  const auto ids = [&](const char* group, const char* worker, std::size_t most) {
    std::vector<std::uint64_t> found;
    for (const auto& one : history.story_of(group, worker, most)) found.push_back(one.id);
    return found;
  };
  CHECK(ids("web", "web.1", 9) == std::vector<std::uint64_t>{2, 6, 13, 14, 15, 16});
  CHECK(ids("web", "web.1", 1) == std::vector<std::uint64_t>{6, 13, 14, 15, 16});
  CHECK(ids("web", "", 9) == std::vector<std::uint64_t>{3, 13, 14, 15, 16});
  CHECK(ids("cache", "", 9).empty());
}

TEST_CASE("events: a line that a crash tore is left out, and what follows is whole", "[daemon]") {
  const Directory directory;
  {
    EventHistory history(directory.file());
    history.add(event(1));
    history.add(event(2));
  }
  std::string text = read(directory.file());
  std::ofstream(directory.file(), std::ios::trunc) << text.substr(0, text.size() - 20);
  EventHistory next(directory.file());
  CHECK(next.last_id() == 1);
  next.add(event(2));
  const EventHistory third(directory.file());
  CHECK(third.last_id() == 2);
  CHECK(read(directory.file()) == text);
}

TEST_CASE("events: memory and file are bounded, and the latest are kept", "[daemon]") {
  const Directory directory;
  constexpr std::size_t kMost = 4096;
  EventHistory history(directory.file(), kMost);
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    history.add(event(id));
    struct stat status {};
    REQUIRE(::stat(directory.file().c_str(), &status) == 0);
    REQUIRE(static_cast<std::size_t>(status.st_size) <= 2 * kMost);
  }
  CHECK(history.last_id() == 1000);
  std::size_t bytes = 0;
  for (const auto& entry : history.entries()) bytes += entry.line.size();
  CHECK(bytes <= kMost);
  CHECK(bytes > kMost / 2);
  const EventHistory next(directory.file(), kMost);
  CHECK(next.entries().size() == history.entries().size());
}

TEST_CASE("events: a file that cannot be written costs nothing but itself", "[daemon]") {
  EventHistory history("/proc/no-such-directory/events");
  for (std::uint64_t id = 1; id <= 500; ++id) history.add(event(id));
  CHECK(history.last_id() == 500);
}

TEST_CASE("events: a file that was removed is written anew, whole, once that is seen", "[daemon]") {
  const Directory directory;
  EventHistory history(directory.file());
  history.look_after();
  CHECK(::access(directory.file().c_str(), F_OK) != 0);
  history.add(event(1));
  history.look_after();
  REQUIRE(::unlink(directory.file().c_str()) == 0);
  history.add(event(2));
  history.look_after();
  history.add(event(3));
  const EventHistory next(directory.file());
  CHECK(next.entries().size() == 3);
  CHECK(next.last_id() == 3);
}

TEST_CASE("events: a file that can be written again has all that happened meanwhile", "[daemon]") {
  const Directory directory;
  const std::string file = directory.file();
  EventHistory history(file);
  history.add(event(1));
  // Where the file is written beside there is a directory, and nothing can be written.
  REQUIRE(::unlink(file.c_str()) == 0);
  REQUIRE(::mkdir((file + ".new").c_str(), 0700) == 0);
  history.look_after();
  history.add(event(2));
  CHECK(::access(file.c_str(), F_OK) != 0);
  REQUIRE(::rmdir((file + ".new").c_str()) == 0);
  history.look_after();
  CHECK(EventHistory(file).last_id() == 2);
}

TEST_CASE("events: the history of a journal lies beside it", "[daemon]") {
  CHECK(EventHistory::path_beside("/run/superd/journal") == "/run/superd/events");
  CHECK(EventHistory::path_beside("/home/a/state/journal-12ab") == "/home/a/state/events-12ab");
}

}  // namespace
}  // namespace superd::daemon
