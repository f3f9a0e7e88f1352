#include <chrono>
#include <ctime>
#include <filesystem>
#include <set>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/listening_readiness.h"
#include "readiness_fixture.h"

using namespace superd;
using namespace superd::daemon;
using test::Puppet;

namespace {

constexpr core::SpawnId kSpawn{7};

struct Watching {
  loop::Loop loop = *loop::Loop::create();
  test::ToldTracker tracker;
  std::vector<core::SpawnId> ready;
  ListeningReadiness readiness{loop, tracker, [this](core::SpawnId spawn) {
                                 ready.push_back(spawn);
                                 on_ready();
                               }};
  std::function<void()> on_ready = [] {};

  void watch(pid_t main, std::vector<int> sockets, core::SpawnId spawn = kSpawn) {
    if (tracker.tree.empty()) tracker.tree = {main};
    readiness.watch({.spawn = spawn,
                     .worker = {.group = "web", .number = 1},
                     .main = main,
                     .identity = {.uid = ::geteuid(), .gid = ::getegid()},
                     .sockets = std::move(sockets)});
  }
  // Goes on until the trees were listed so many times more; each list comes with a look.
  void run_for_looks(int looks) {
    const int end = tracker.looks + looks;
    while (tracker.looks < end) loop.run_once();
  }
};

void accept_on(const UniqueFd& listener) { ::accept(listener.get(), nullptr, nullptr); }

std::chrono::nanoseconds used_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

TEST_CASE("readiness: a worker is ready when it waits on its socket, and not before", "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet worker([&] { accept_on(listener); });
  Watching watching;
  watching.watch(worker.pid(), {listener.get()});
  watching.run_for_looks(25);
  CHECK(watching.ready.empty());
  worker.go();
  // Nothing is armed when nothing is watched any more: the loop comes to its end by itself.
  watching.loop.run();
  CHECK(watching.ready == std::vector<core::SpawnId>{kSpawn});
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: a process that is not of the tree does not make it ready", "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet older([&] { accept_on(listener); });
  older.go();
  Puppet worker([] {});
  Watching watching;
  watching.watch(worker.pid(), {listener.get()});
  watching.run_for_looks(25);
  CHECK(watching.ready.empty());
}

TEST_CASE("readiness: a child is seen before the tracker has it in its list", "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet worker([&] {
    if (::fork() != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    accept_on(listener);
  });
  worker.go();
  Watching watching;
  // The list costs so much that it is made rarely.
  watching.tracker.on_look = [] {
    const auto end = used_cpu() + std::chrono::milliseconds(5);
    while (used_cpu() < end) {
    }
  };
  watching.watch(worker.pid(), {listener.get()});
  watching.loop.run();
  CHECK(watching.ready.size() == 1);
}

TEST_CASE("readiness: a watch that was ended tells nothing and costs nothing", "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet worker([&] { accept_on(listener); });
  Watching watching;
  watching.watch(worker.pid(), {listener.get()});
  watching.run_for_looks(3);
  watching.readiness.unwatch(kSpawn);
  worker.go();
  watching.loop.run();
  CHECK(watching.ready.empty());
}

TEST_CASE("readiness: whoever is told of one may end the watch of another that is ready too",
          "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet worker([&] { accept_on(listener); });
  worker.go();
  Watching watching;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    watching.watch(worker.pid(), {listener.get()}, core::SpawnId{i});
  }
  watching.on_ready = [&] {
    for (std::uint64_t i = 1; i <= 3; ++i) watching.readiness.unwatch(core::SpawnId{i});
  };
  watching.loop.run();
  CHECK(watching.ready.size() == 1);
}

TEST_CASE("readiness: many starts at a time cost a twentieth of a CPU together", "[ready]") {
  const UniqueFd listener = test::listen_on_loopback();
  Puppet worker([] {});
  Watching watching;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    watching.watch(worker.pid(), {listener.get()}, core::SpawnId{i});
  }
  const auto began = loop::now();
  const auto before = used_cpu();
  while (loop::now() - began < std::chrono::seconds(1)) watching.loop.run_once();
  // The loop itself costs something too.
  CHECK(used_cpu() - before < (loop::now() - began) / 8);
  CHECK(watching.ready.empty());
}

TEST_CASE("readiness: where nobody may look nothing is ready, and the reason is told", "[ready]") {
  const std::string said = test::as_ordinary_user([]() -> std::string {
    const UniqueFd listener = test::listen_on_loopback();
    Puppet worker([&] {
      ::prctl(PR_SET_DUMPABLE, 0);
      ::listen(listener.get(), 10);
      accept_on(listener);
    });
    worker.go();
    Watching watching;
    watching.watch(worker.pid(), {listener.get()});
    while (watching.readiness.reason(kSpawn).empty() && watching.ready.empty()) {
      watching.loop.run_once();
    }
    watching.run_for_looks(60);
    return watching.ready.empty() ? watching.readiness.reason(kSpawn) : "ready";
  });
  CHECK_THAT(said, Catch::StartsWith("cannot see whether process ") &&
                       Catch::EndsWith("/syscall: Permission denied"));
}

TEST_CASE(
    "readiness: where nobody may look, a child that calls listen on a unix socket is a sign, "
    "and the main process is none",
    "[ready]") {
  const std::string dir =
      std::filesystem::temp_directory_path() / ("superd-ready-" + std::to_string(::getpid()));
  REQUIRE(std::filesystem::create_directory(dir));
  std::filesystem::permissions(dir, std::filesystem::perms::all);
  const std::string said = test::as_ordinary_user([&]() -> std::string {
    const UniqueFd listener = test::listen_on_path(dir + "/web.sock");
    const auto hide_and_listen = [&] {
      ::prctl(PR_SET_DUMPABLE, 0);
      ::listen(listener.get(), 10);
    };
    Puppet main(hide_and_listen);
    Puppet child(hide_and_listen);
    Watching watching;
    watching.tracker.tree = {main.pid(), child.pid()};
    watching.watch(main.pid(), {listener.get()});
    main.go();
    while (watching.readiness.reason(kSpawn).empty()) watching.loop.run_once();
    watching.run_for_looks(40);
    if (!watching.ready.empty()) return "the main process counted";
    child.go();
    watching.loop.run();
    return watching.ready.size() == 1 ? "" : "the child did not count";
  });
  CHECK(said.empty());
  std::filesystem::remove_all(dir);
}

TEST_CASE(
    "readiness: a child that calls listen and can be looked at is not ready by it, whoever else "
    "of the tree is hidden",
    "[ready]") {
  const std::string dir =
      std::filesystem::temp_directory_path() / ("superd-ready-" + std::to_string(::getpid()));
  REQUIRE(std::filesystem::create_directory(dir));
  std::filesystem::permissions(dir, std::filesystem::perms::all);
  const std::string said = test::as_ordinary_user([&]() -> std::string {
    const UniqueFd listener = test::listen_on_path(dir + "/web.sock");
    Puppet main([] {});
    Puppet secretive([] { ::prctl(PR_SET_DUMPABLE, 0); });
    Puppet child([&] { ::listen(listener.get(), 10); });
    Watching watching;
    watching.tracker.tree = {main.pid(), secretive.pid(), child.pid()};
    watching.watch(main.pid(), {listener.get()});
    secretive.go();
    child.go();
    while (watching.readiness.reason(kSpawn).empty() ||
           os::last_listen_caller(listener.get()) != child.pid()) {
      watching.loop.run_once();
    }
    watching.run_for_looks(60);
    return watching.ready.empty() ? "" : "the child counted";
  });
  CHECK(said.empty());
  std::filesystem::remove_all(dir);
}
