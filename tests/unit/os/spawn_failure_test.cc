#include <cerrno>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "os/spawn.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

struct Outcome {
  Stage stage = Stage::exec;
  int code = 0;
  std::string text;
};

// Starts what must fail; checks that its process has ended with 127.
Outcome fail_to_start(const SpawnRequest& request) {
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  const ExecReport report = wait_for_report(*spawned);
  CHECK(wait_for_exit(*spawned) == Exit{.kind = Exit::Kind::exited, .value = 127});
  REQUIRE(report.failure);
  return {.stage = report.failure->stage,
          .code = report.failure->code,
          .text = describe(*report.failure, request)};
}

SpawnRequest of_command(std::vector<std::string> argv) {
  SpawnRequest request;
  request.argv = std::move(argv);
  request.env = {"PATH=/usr/bin:/bin"};
  return request;
}

void write_script(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("spawn: a program that is nowhere along PATH is named", "[os]") {
  const Outcome outcome = fail_to_start(of_command({"no-such-program-here"}));
  CHECK(outcome.stage == Stage::exec);
  CHECK(outcome.text == "exec no-such-program-here: No such file or directory");
}

TEST_CASE("spawn: a directory that is missing is named", "[os]") {
  SpawnRequest request = of_command({"true"});
  request.directory = "/no/such/directory";
  const Outcome outcome = fail_to_start(request);
  CHECK(outcome.stage == Stage::chdir);
  CHECK(outcome.text == "chdir /no/such/directory: No such file or directory");
}

TEST_CASE("spawn: a directory that the worker's user may not enter is named", "[os]") {
  if (!is_root()) return skip("needs root");
  const TempDir dir;
  REQUIRE(::mkdir(dir.path("private").c_str(), 0700) == 0);
  SpawnRequest request = of_command({"true"});
  request.directory = dir.path("private");
  request.identity = Identity{.uid = 33, .gid = 33, .groups = {}, .name = "web"};
  const Outcome outcome = fail_to_start(request);
  CHECK(outcome.text == fmt::format("chdir {}: Permission denied", request.directory));
}

TEST_CASE("spawn: a script whose interpreter is gone says which one", "[os]") {
  const TempDir dir;
  write_script(dir.path("gunicorn"), "#! /old/venv/bin/python3 -s\n", 0755);
  SpawnRequest request = of_command({"./gunicorn"});
  request.directory = dir.path();
  CHECK(fail_to_start(request).text ==
        fmt::format("exec ./gunicorn: No such file or directory ({}/./gunicorn needs the "
                    "interpreter /old/venv/bin/python3)",
                    dir.path()));
}

TEST_CASE("spawn: a file without the right to execute it is refused", "[os]") {
  const TempDir dir;
  write_script(dir.path("tool"), "#!/bin/sh\n", 0644);
  CHECK(fail_to_start(of_command({dir.path("tool")})).text ==
        fmt::format("exec {}: Permission denied", dir.path("tool")));
}

TEST_CASE("spawn: a later directory of PATH is tried when an earlier file may not run", "[os]") {
  const TempDir dir;
  write_script(dir.path("true"), "#!/bin/sh\nexit 3\n", 0644);
  SpawnRequest request = of_command({"true"});
  request.env = {fmt::format("PATH={}:/usr/bin:/bin", dir.path())};
  CHECK(output_of(request).empty());
}

TEST_CASE("spawn: a text file without a #! line is not given to a shell", "[os]") {
  const TempDir dir;
  write_script(dir.path("tool"), "echo hello\n", 0755);
  const Outcome outcome = fail_to_start(of_command({dir.path("tool")}));
  CHECK(outcome.code == ENOEXEC);
  CHECK(outcome.text == fmt::format("exec {}: Exec format error (it is no program and has no #! "
                                    "line)",
                                    dir.path("tool")));
}

TEST_CASE("spawn: without the right to become another user the step is named", "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    SpawnRequest request = of_command({"true"});
    request.identity = Identity{.uid = 33, .gid = 33, .groups = {33}, .name = "www-data"};
    const std::string text = fail_to_start(request).text;
    return text == "setgroups www-data: Operation not permitted" ? "" : text;
  });
  CHECK(wrong == "");
}

TEST_CASE("spawn: nice and oom_score_adj that need more rights name their step", "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    SpawnRequest request = of_command({"true"});
    request.nice = -20;
    const std::string nice = fail_to_start(request).text;
    if (nice != "nice -20: Permission denied") return nice;
    request.nice.reset();
    request.oom_score_adj = -900;
    const std::string oom = fail_to_start(request).text;
    return oom == "oom_score_adj -900: Permission denied" ? "" : oom;
  });
  CHECK(wrong == "");
}

TEST_CASE("spawn: a limit above the hard one is named with its values", "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    SpawnRequest request = of_command({"true"});
    request.rlimits = {{.resource = RLIMIT_NOFILE, .soft = 1ULL << 40, .hard = 1ULL << 40}};
    const std::string text = fail_to_start(request).text;
    return text.starts_with("set nofile to 1099511627776:1099511627776: ") ? "" : text;
  });
  CHECK(wrong == "");
}

TEST_CASE("spawn: a cgroup that is none is named", "[os]") {
  const UniqueFd pipe_like(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  SpawnRequest request = of_command({"true"});
  request.cgroup_procs_fd = pipe_like.get();
  CHECK(fail_to_start(request).text == "enter cgroup: No space left on device");
}

TEST_CASE("spawn: a descriptor that is not open is a failure of the child's", "[os]") {
  SpawnRequest request = of_command({"true"});
  request.sockets = {987};
  CHECK(fail_to_start(request).stage == Stage::descriptors);
}

TEST_CASE("spawn: a request without a program is refused", "[os]") {
  const Result<Spawned> spawned = spawn({});
  REQUIRE_FALSE(spawned);
  CHECK(spawned.error().code == EINVAL);
}

TEST_CASE("spawn: every stage has a name", "[os]") {
  for (int stage = 0; stage <= static_cast<int>(Stage::exec); ++stage) {
    CHECK_FALSE(std::string(name(static_cast<Stage>(stage))).empty());
  }
}
