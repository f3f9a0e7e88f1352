#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "base/unique_fd.h"
#include "daemon/hooks.h"
#include "daemon/orphan_hooks.h"

namespace superd::daemon {
namespace {

using namespace std::chrono_literals;
using Kind = core::OccurrenceKind;

struct World {
  World() : loop(*loop::Loop::create()) {
    char name[] = "/tmp/superd-hooks-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    directory = name;
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  }
  ~World() {
    if (hooks) hooks->abandon();
    finish();
    hooks.reset();
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    std::filesystem::remove_all(directory);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void hook(std::set<Kind> on, const std::string& script) {
    specs.push_back(
        {.on = std::move(on), .run = {"sh", "-c", script, "hook"}, .directory = directory});
  }
  Hooks& begin(Hooks::Limits limits = {}, Hooks::Keep keep = {}) {
    hooks = std::make_unique<Hooks>(
        loop, specs,
        Hooks::Surroundings{.environment = {{.name = "PATH", .value = "/usr/bin:/bin"},
                                            {.name = "NOTIFY_SOCKET", .value = "/run/systemd"}},
                            .nofile_soft = {}},
        limits, std::move(keep));
    return *hooks;
  }
  void finish() {
    if (!hooks) return;
    bool idle = false;
    hooks->finish([&] { idle = true; });
    CHECK(loop::run_until(loop, [&] { return idle; }));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(directory + "/" + name).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory),
                                                  std::filesystem::directory_iterator()));
  }

  loop::Loop loop;
  std::string directory;
  std::vector<core::HookSpec> specs;
  std::unique_ptr<Hooks> hooks;
};

}  // namespace

TEST_CASE("hook: what a service manager says to superd alone is not told to hooks", "[hooks]") {
  World world;
  world.hook({Kind::worker_exited}, "env >environment.tmp; mv environment.tmp environment");
  world.begin().tell(Kind::worker_exited, "{}");
  CHECK(loop::run_until(world.loop, [&] { return !world.read("environment").empty(); }));
  CHECK(world.read("environment").find("PATH=") != std::string::npos);
  CHECK(world.read("environment").find("NOTIFY_SOCKET") == std::string::npos);
}

TEST_CASE("hook: the event is one line of JSON on standard input, in the config's directory",
          "[daemon]") {
  World world;
  world.hook({Kind::worker_exited}, "cat >got");
  Hooks& hooks = world.begin();
  hooks.tell(Kind::worker_exited, R"({"id":1,"event":"worker.exited"})");
  hooks.tell(Kind::worker_ready, R"({"id":2})");
  world.finish();
  CHECK(world.read("got") == "{\"id\":1,\"event\":\"worker.exited\"}\n");
  CHECK(hooks.wants(Kind::worker_exited));
  CHECK_FALSE(hooks.wants(Kind::worker_ready));
}

TEST_CASE("hook: every hook on a kind is told, and one that fails keeps nobody", "[daemon]") {
  World world;
  world.hook({Kind::group_failed}, "exit 3");
  world.hook({Kind::group_failed, Kind::group_running}, "cat >>second");
  world.specs.push_back(
      {.on = {Kind::group_failed}, .run = {"/no/such/program"}, .directory = world.directory});
  Hooks& hooks = world.begin({.running = 1});
  hooks.tell(Kind::group_failed, "1");
  hooks.tell(Kind::group_running, "2");
  world.finish();
  CHECK(world.read("second") == "1\n2\n");
}

TEST_CASE("hook: one that does not end in time is killed with all below it", "[daemon]") {
  World world;
  world.hook({Kind::worker_failed}, "sh -c 'echo $$ >child; sleep 1000' & echo $$ >own; wait");
  Hooks& hooks = world.begin({.timeout = 300ms});
  hooks.tell(Kind::worker_failed, "{}");
  world.finish();
  // Also where the machine was too slow for it to have come so far.
  for (const char* name : {"own", "child"}) {
    const std::string pid = world.read(name);
    if (pid.empty()) continue;
    CHECK(loop::run_until(world.loop, [&] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return ::kill(std::stoi(pid), 0) != 0;
    }));
  }
}

TEST_CASE("hook: few run at a time, and of too many that wait the oldest are dropped", "[daemon]") {
  World world;
  world.hook({Kind::trigger_fired},
             "read number; echo >begun.$number; while [ ! -e go ]; do sleep 0.02; done");
  Hooks& hooks = world.begin({.running = 2, .waiting = 10});
  hooks.tell(Kind::trigger_fired, "1");
  hooks.tell(Kind::trigger_fired, "2");
  REQUIRE(loop::run_until(world.loop, [&] { return world.files() == 2; }));
  for (int number = 3; number <= 1000; ++number) {
    hooks.tell(Kind::trigger_fired, std::to_string(number));
  }
  CHECK(hooks.dropped() == 988);
  std::ofstream(world.directory + "/go") << "go";
  world.finish();
  CHECK(world.files() == 13);
  CHECK(std::filesystem::exists(world.directory + "/begun.991"));
  CHECK(std::filesystem::exists(world.directory + "/begun.1000"));
}

TEST_CASE("hook: one of a supervisor that died has its time as well", "[daemon]") {
  World world;
  world.hook({Kind::worker_exited}, "sh -c 'echo $$ >child; sleep 1000' & wait");
  std::map<pid_t, UniqueFd> kept;
  std::set<pid_t> over;
  const auto on_over = [&](pid_t pid) { over.insert(pid); };
  world
      .begin({}, {.began = [&](pid_t pid, int pidfd) { kept[pid] = UniqueFd(::dup(pidfd)); },
                  .over = on_over})
      .tell(Kind::worker_exited, "{}");
  REQUIRE(loop::run_until(world.loop, [&] { return !world.read("child").empty(); }));
  const pid_t child = std::stoi(world.read("child"));
  world.hooks.reset();
  REQUIRE(kept.size() == 1);
  CHECK(over.empty());

  const pid_t pid = kept.begin()->first;
  OrphanHooks next(world.loop, 50ms, on_over);
  next.adopt(pid, std::move(kept.begin()->second));
  CHECK(loop::run_until(world.loop, [&] { return over.contains(pid); }));
  // It comes home to this process, and was killed before its leader was.
  CHECK(loop::run_until(world.loop, [&] {
    ::waitpid(child, nullptr, WNOHANG);
    return ::kill(child, 0) != 0;
  }));
}

TEST_CASE("hook: one that ended while nobody looked is over", "[daemon]") {
  World world;
  world.hook({Kind::worker_exited}, "exit 0");
  std::map<pid_t, UniqueFd> kept;
  world.begin({}, {.began = [&](pid_t pid, int pidfd) { kept[pid] = UniqueFd(::dup(pidfd)); }})
      .tell(Kind::worker_exited, "{}");
  world.finish();
  REQUIRE(kept.size() == 1);
  std::set<pid_t> over;
  OrphanHooks next(world.loop, 1h, [&](pid_t pid) { over.insert(pid); });
  next.adopt(kept.begin()->first, std::move(kept.begin()->second));
  CHECK(over.contains(kept.begin()->first));
  CHECK(OrphanHooks::pid_of(OrphanHooks::item_of(4711)) == 4711);
  CHECK_FALSE(OrphanHooks::pid_of("hook/47x"));
  CHECK_FALSE(OrphanHooks::pid_of("hold/4711"));
}

}  // namespace superd::daemon
