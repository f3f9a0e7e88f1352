#include "errand_fixture.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/session_tracker.h"
#include "loop/timer.h"

namespace superd::tests {
namespace {

std::string make_directory() {
  char name[] = "/tmp/superd-errand-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  return name;
}

}  // namespace

ErrandFixture::ErrandFixture(Tracked tracked)
    : directory(make_directory()), loop(*loop::Loop::create()) {
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  if (tracked == Tracked::strongest) {
    tracker = daemon::make_tracker(loop, directory, ::getpid()).tracker;
  } else {
    tracker = std::make_unique<daemon::SessionTracker>(loop, ::getpid(),
                                                       daemon::notify_dir(directory), "a test");
  }
  errands = std::make_unique<daemon::Errands>(
      daemon::Errands::Parts{.loop = loop, .tracker = *tracker},
      daemon::Errands::Surroundings{.notify_dir = daemon::notify_dir(directory),
                                    .worker_socket = "/run/worker.sock",
                                    .environment = {{.name = "PATH", .value = "/usr/bin:/bin"}},
                                    .nofile_soft = {}},
      daemon::first_errand(1), std::chrono::milliseconds(10));
}

ErrandFixture::~ErrandFixture() {
  bool done = false;
  errands->finish([&] { done = true; });
  while (!done) loop.run_once();
  tracker->close();
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  std::filesystem::remove_all(directory);
}

core::GroupSpec ErrandFixture::group() const {
  core::GroupSpec spec;
  spec.name = "web";
  spec.command = {"serve"};
  spec.workers = 2;
  spec.directory = directory;
  spec.env = {{.name = "WHO", .value = "{group}.{worker}@{generation}"}};
  return spec;
}

daemon::Recipes::Shared ErrandFixture::recipe(const core::GroupSpec& group) const {
  auto made = daemon::make_recipe(group, 7);
  REQUIRE(made);
  return std::make_shared<const daemon::Recipe>(std::move(*made));
}

core::SpawnId ErrandFixture::run(std::vector<std::string> command, loop::Duration timeout) {
  end.reset();
  return errands->run(
      {.recipe = recipe(group()), .worker = 1, .command = std::move(command), .timeout = timeout},
      [this](daemon::ErrandEnd how) {
        end = std::move(how);
        ++ends;
      });
}

void ErrandFixture::until(const std::function<bool()>& condition) {
  bool late = false;
  loop::Timer limit(loop, [&] { late = true; });
  limit.after(std::chrono::seconds(30));
  // What a process did to a file wakes nobody.
  loop::Timer tick(loop, [&] { tick.after(std::chrono::milliseconds(2)); });
  tick.after(std::chrono::milliseconds(2));
  // What never ran will never do anything, as under valgrind.
  const auto hopeless = [this] { return end && end->how == daemon::ErrandEnd::How::never_ran; };
  while (!condition()) {
    REQUIRE_FALSE((late || hopeless()));
    loop.run_once();
  }
}

const daemon::ErrandEnd& ErrandFixture::ended() {
  until([this] { return end.has_value(); });
  return *end;
}

void ErrandFixture::idle() {
  bool done = false;
  errands->finish([&] { done = true; });
  until([&] { return done; });
}

std::string ErrandFixture::read(const std::string& file) const {
  std::ostringstream text;
  text << std::ifstream(directory + "/" + file).rdbuf();
  return text.str();
}

}  // namespace superd::tests
