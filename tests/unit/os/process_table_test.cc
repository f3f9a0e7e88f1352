#include "os/process_table.h"

#include <array>
#include <csignal>

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

ProcessInfo info(pid_t pid, pid_t parent) {
  ProcessInfo made;
  made.id = {.pid = pid, .start_time = 1};
  made.parent = parent;
  return made;
}

std::vector<pid_t> pids_of(const std::vector<const ProcessInfo*>& list) {
  std::vector<pid_t> pids;
  for (const ProcessInfo* process : list) pids.push_back(process->id.pid);
  return pids;
}

}  // namespace

TEST_CASE("process table: a command may hold blanks, brackets and newlines", "[os]") {
  const auto parsed = parse_stat(
      "42 (a) S 1 (\n) R 7 8 9 34816 42 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3\n");
  REQUIRE(parsed);
  CHECK(parsed->command == "a) S 1 (\n");
  CHECK(parsed->id == ProcessId{.pid = 42, .start_time = 987654});
  CHECK(parsed->parent == 7);
  CHECK(parsed->process_group == 8);
  CHECK(parsed->session == 9);
  CHECK(parsed->state == 'R');
}

TEST_CASE("process table: what is no line of stat is refused", "[os]") {
  for (const char* text : {"", "42", "42 (x", "42 (x) ", "42 (x) S", "x (y) S 1 2 3 4", "42 ) (x",
                           "42 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 y"}) {
    CHECK_FALSE(parse_stat(text));
  }
}

TEST_CASE("process table: descendants come parents first, each once, even in a ring", "[os]") {
  const ProcessTable table(
      {info(9, 5), info(2, 1), info(5, 2), info(3, 2), info(20, 21), info(21, 20), info(30, 30)});
  CHECK(pids_of(table.children_of(2)) == std::vector<pid_t>{3, 5});
  CHECK(pids_of(table.descendants_of(1)) == std::vector<pid_t>{2, 3, 5, 9});
  CHECK(pids_of(table.descendants_of(20)) == std::vector<pid_t>{21});
  CHECK(table.descendants_of(30).empty());
  CHECK(table.find(4) == nullptr);
}

TEST_CASE("process table: a snapshot has the own process and its children", "[os]") {
  const Sleeper sleeper;
  const Result<ProcessTable> table = ProcessTable::snapshot();
  REQUIRE(table);
  const ProcessInfo* self = table->find(::getpid());
  REQUIRE(self != nullptr);
  CHECK(self->parent == ::getppid());
  CHECK(pids_of(table->descendants_of(::getpid())) == std::vector<pid_t>{sleeper.pid()});
  CHECK(pids_of(table->session_of(sleeper.pid())) == std::vector<pid_t>{sleeper.pid()});
  CHECK(table->find(sleeper.pid())->command == "sleep");
}

TEST_CASE("process table: a command line is shown as one line", "[os]") {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "read a\nread b", "x\x1b[31m"};
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  request.stdin_fd = read_end.get();
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  wait_for_report(*spawned);
  CHECK(command_line(spawned->pid) == "/bin/sh -c read a?read b x?[31m");
  CHECK(command_line(spawned->pid, 7) == "/bin/sh");
  REQUIRE(signal_pidfd(spawned->pidfd.get(), SIGKILL));
  wait_for_exit(*spawned);
  CHECK(command_line(spawned->pid).empty());
}

TEST_CASE("process table: memory is summed over processes, and the gone count nothing", "[os]") {
  const Sleeper sleeper;
  const std::array one = {::getpid()};
  const std::array three = {::getpid(), sleeper.pid(), pid_t{0x3ffffff}};
  CHECK(memory_use(one).bytes > 64 * 1024);
  CHECK(memory_use(one).proportional);
  CHECK(memory_use(three).bytes > memory_use(std::array{sleeper.pid()}).bytes);
  CHECK(memory_use(three).proportional);
  CHECK(memory_use(std::array{pid_t{0x3ffffff}}).bytes == 0);
}

TEST_CASE("process table: where the share may not be read, resident memory counts and it is said",
          "[os]") {
  if (::geteuid() == 0) return;  // may read everything
  const MemoryUse use = memory_use(std::array{pid_t{1}});
  CHECK(use.bytes > 0);
  CHECK_FALSE(use.proportional);
}

TEST_CASE("process table: a variable of a process's environment is found by its whole name",
          "[os]") {
  SpawnRequest request;
  request.env = {"NOT_SUPERD=1", "SUPERD_WORKER=web.2", "EMPTY="};
  const Sleeper sleeper(request);
  CHECK(environment_variable(sleeper.pid(), "SUPERD_WORKER") == "web.2");
  CHECK(environment_variable(sleeper.pid(), "EMPTY") == "");
  CHECK_FALSE(environment_variable(sleeper.pid(), "SUPERD"));
  CHECK_FALSE(environment_variable(0x3ffffff, "SUPERD_WORKER"));
}
