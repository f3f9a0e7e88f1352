#include "os/spawn.h"

#include <csignal>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/process_table.h"
#include "os/read_file.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

std::string link_of(int fd) {
  char target[256];
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return {target, static_cast<std::size_t>(size > 0 ? size : 0)};
}

UniqueFd some_socket() { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

}  // namespace

TEST_CASE("spawn: a process has its arguments, its environment and its directory", "[os]") {
  const TempDir dir;
  SpawnRequest request;
  request.argv = {"sh", "-c", "echo $0 $1; env | grep -e COLOUR; pwd", "a", "b c"};
  request.env = {"PATH=/usr/bin:/bin", "COLOUR=light blue"};
  request.directory = dir.path();
  CHECK(output_of(request) == fmt::format("a b c\nCOLOUR=light blue\n{}\n", dir.path()));
  request.argv = {"env"};
  CHECK(output_of(request) == "PATH=/usr/bin:/bin\nCOLOUR=light blue\n");
}

TEST_CASE("spawn: LISTEN_PID is the PID of the process itself", "[os]") {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "test \"$LISTEN_PID\" = $$ && echo same"};
  request.env = {"LISTEN_PID="};
  CHECK(output_of(request) == "same\n");
}

TEST_CASE("spawn: a process has the standard streams, the sockets from 3 on, and no other",
          "[os]") {
  const UniqueFd first = some_socket();
  const UniqueFd second = some_socket();
  // Left open without close-on-exec, as a library might.
  const UniqueFd leak(::open("/dev/null", O_RDONLY));
  SpawnRequest request;
  request.sockets = {first.get(), second.get()};
  const Sleeper sleeper(request);
  const std::map<int, std::string> expected = {{0, "/dev/null"},
                                               {1, "/dev/null"},
                                               {2, "/dev/null"},
                                               {3, link_of(first.get())},
                                               {4, link_of(second.get())}};
  CHECK(sleeper.descriptors() == expected);
}

TEST_CASE("spawn: descriptors that lie where others belong come out in the order asked", "[os]") {
  // Sockets at 30 … 33 whose targets would be 3 … 6, and the same crosswise.
  std::vector<UniqueFd> sockets;
  std::vector<int> numbers;
  for (int count = 0; count < 4; ++count) {
    sockets.push_back(some_socket());
    numbers.push_back(sockets.back().get());
  }
  SpawnRequest request;
  request.sockets.assign(numbers.rbegin(), numbers.rend());
  request.stdin_fd = numbers[1];
  request.stdout_fd = request.stderr_fd = numbers[2];
  const Sleeper sleeper(request);
  const std::map<int, std::string> expected = {{0, link_of(numbers[1])}, {1, link_of(numbers[2])},
                                               {2, link_of(numbers[2])}, {3, link_of(numbers[3])},
                                               {4, link_of(numbers[2])}, {5, link_of(numbers[1])},
                                               {6, link_of(numbers[0])}};
  CHECK(sleeper.descriptors() == expected);
}

TEST_CASE("spawn: superd may run with its own standard streams closed", "[os]") {
  const std::string wrong = in_child([]() -> std::string {
    for (const int fd : {0, 1, 2}) ::close(fd);
    SpawnRequest request;
    request.argv = {"/bin/sh", "-c", "read line; exit 7"};
    const Result<Spawned> spawned = spawn(request);
    if (!spawned) return spawned.error().message;
    if (wait_for_report(*spawned).failure) return "not started";
    const Exit seven{.kind = Exit::Kind::exited, .value = 7};
    return wait_for_exit(*spawned) == seven ? "" : "another end";
  });
  CHECK(wrong == "");
}

TEST_CASE("spawn: a process leads its own session and process group", "[os]") {
  const Sleeper sleeper;
  const Result<ProcessInfo> info = read_process(sleeper.pid());
  REQUIRE(info);
  CHECK(info->session == sleeper.pid());
  CHECK(info->process_group == sleeper.pid());
}

TEST_CASE("spawn: signals that superd ignores, handles or blocks are as by default", "[os]") {
  const auto ignored = std::signal(SIGUSR1, SIG_IGN);
  const auto handled = std::signal(SIGUSR2, [](int) {});
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  {
    const Sleeper sleeper;
    CHECK(sleeper.status("SigIgn") == "0000000000000000");
    CHECK(sleeper.status("SigCgt") == "0000000000000000");
    CHECK(sleeper.status("SigBlk") == "0000000000000000");
  }
  sigset_t after;
  ::sigprocmask(SIG_SETMASK, &before, &after);
  CHECK(sigismember(&after, SIGTERM) == 1);
  CHECK(sigismember(&after, SIGINT) == 0);
  static_cast<void>(std::signal(SIGUSR1, ignored));
  static_cast<void>(std::signal(SIGUSR2, handled));
}

TEST_CASE("spawn: another user's process has that user's ids and groups and no others", "[os]") {
  if (!is_root()) return skip("needs root");
  SpawnRequest request;
  request.identity = Identity{.uid = 33, .gid = 34, .groups = {45, 35, 45}, .name = "web"};
  request.no_new_privileges = true;
  const Sleeper sleeper(request);
  CHECK(sleeper.status("Uid") == "33\t33\t33\t33");
  CHECK(sleeper.status("Gid") == "34\t34\t34\t34");
  CHECK(sleeper.status("Groups") == "35 45");
  CHECK(sleeper.status("CapEff") == "0000000000000000");
  CHECK(sleeper.status("CapPrm") == "0000000000000000");
  CHECK(sleeper.status("NoNewPrivs") == "1");
}

TEST_CASE("spawn: a user without supplementary groups has none of superd's", "[os]") {
  if (!is_root()) return skip("needs root");
  SpawnRequest request;
  request.identity = Identity{.uid = 33, .gid = 33, .groups = {}, .name = "web"};
  const Sleeper sleeper(request);
  CHECK(sleeper.status("Groups").empty());
}

TEST_CASE("spawn: what protects superd from the OOM killer does not protect what it starts",
          "[os]") {
  const std::string own = "/proc/self/oom_score_adj";
  const std::string before = *read_file(own);
  const auto become = [&](const std::string& score) {
    return static_cast<bool>(std::ofstream(own) << score << std::flush);
  };
  if (!become("-100")) {
    WARN("no right to set oom_score_adj below 0");
    return;
  }
  SpawnRequest request;
  const Sleeper sleeper(request);
  CHECK(*read_file(fmt::format("/proc/{}/oom_score_adj", sleeper.pid())) == "0\n");
  CHECK(*read_file(own) == "-100\n");
  become(before);
}

TEST_CASE("spawn: limits, umask, nice, oom_score_adj and cpus are as asked", "[os]") {
  SpawnRequest request;
  request.rlimits = {{.resource = RLIMIT_CORE, .soft = 0, .hard = 0},
                     {.resource = RLIMIT_NOFILE, .soft = 77, .hard = 99}};
  request.nofile_soft = 55;
  request.umask = 027;
  request.nice = 5;
  request.oom_score_adj = 300;
  cpu_set_t own;
  REQUIRE(::sched_getaffinity(0, sizeof own, &own) == 0);
  int cpu = 0;
  while (!CPU_ISSET(static_cast<std::size_t>(cpu), &own)) ++cpu;
  request.cpus = {cpu};
  const Sleeper sleeper(request);
  rlimit core{};
  rlimit nofile{};
  REQUIRE(::prlimit(sleeper.pid(), RLIMIT_CORE, nullptr, &core) == 0);
  REQUIRE(::prlimit(sleeper.pid(), RLIMIT_NOFILE, nullptr, &nofile) == 0);
  CHECK(core.rlim_max == 0);
  CHECK(nofile.rlim_cur == 77);
  CHECK(nofile.rlim_max == 99);
  CHECK(sleeper.status("Umask") == "0027");
  CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(sleeper.pid())) == 5);
  CHECK(sleeper.status("Cpus_allowed_list") == std::to_string(cpu));
  CHECK(*read_file(fmt::format("/proc/{}/oom_score_adj", sleeper.pid())) == "300\n");
}

TEST_CASE("spawn: the raised descriptor limit of superd is given back to its processes", "[os]") {
  SpawnRequest request;
  request.nofile_soft = 123;
  const Sleeper sleeper(request);
  rlimit own{};
  rlimit theirs{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &own) == 0);
  REQUIRE(::prlimit(sleeper.pid(), RLIMIT_NOFILE, nullptr, &theirs) == 0);
  CHECK(theirs.rlim_cur == 123);
  CHECK(theirs.rlim_max == own.rlim_max);
}

TEST_CASE("spawn: an ordinary user's processes start as well", "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    SpawnRequest request;
    request.argv = {"sh", "-c", "id -u"};
    request.env = {"PATH=/usr/bin:/bin"};
    request.no_new_privileges = true;
    const std::string uid = output_of(request);
    return uid == fmt::format("{}\n", ::geteuid()) ? "" : uid;
  });
  CHECK(wrong == "");
}
