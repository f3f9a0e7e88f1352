#include "os/inotify.h"

#include <cstring>
#include <fstream>
#include <string>

#include <sys/inotify.h>

#include <catch2/catch.hpp>

#include "os_test.h"

using namespace superd;
using namespace superd::os;

namespace {

std::string event(int watch, std::uint32_t mask, const std::string& name, std::size_t length) {
  inotify_event head{};
  head.wd = watch;
  head.mask = mask;
  head.len = static_cast<std::uint32_t>(length);
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  return bytes + name + std::string(length - name.size(), '\0');
}

}  // namespace

TEST_CASE("inotify: events are read with their names, also several, also without one", "[os]") {
  const auto events = decode_inotify(event(3, IN_CREATE, "a.py", 16) + event(4, IN_IGNORED, "", 0) +
                                     event(-1, IN_Q_OVERFLOW, "", 0));
  REQUIRE(events.size() == 3);
  CHECK(events[0].watch == 3);
  CHECK(events[0].name == "a.py");
  CHECK(events[1].name.empty());
  CHECK(events[2].watch == -1);
  CHECK(events[2].mask == IN_Q_OVERFLOW);
}

TEST_CASE("inotify: an event that is cut off is left out", "[os]") {
  const std::string whole = event(3, IN_CREATE, "a.py", 16);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(decode_inotify(whole.substr(0, length)).empty());
  }
  CHECK(decode_inotify(event(3, IN_CREATE, std::string(16, 'x'), 16)).at(0).name ==
        std::string(16, 'x'));
}

TEST_CASE("inotify: what happens in a watched directory is told", "[os]") {
  const test::TempDir dir;
  Result<Inotify> inotify = Inotify::create();
  REQUIRE(inotify);
  const Result<int> watch = add_watch(inotify->fd(), dir.path(), IN_CREATE);
  REQUIRE(watch);
  CHECK(inotify->read()->empty());
  std::ofstream(dir.path("a"));
  const auto events = inotify->read();
  REQUIRE(events->size() == 1);
  CHECK(events->front().watch == *watch);
  CHECK(events->front().name == "a");
  CHECK(!add_watch(inotify->fd(), dir.path("a"), IN_CREATE));
  CHECK(add_watch(inotify->fd(), dir.path("b"), IN_CREATE).error().code == ENOENT);
}
