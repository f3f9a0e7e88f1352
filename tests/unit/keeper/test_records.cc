#include <array>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/exit_pipe.h"
#include "keeper/exit_record.h"
#include "keeper/pid_file.h"
#include "keeper/restart_pause.h"

using namespace superd;
using namespace superd::keeper;
using namespace std::chrono_literals;

TEST_CASE("restart pause: none at first, then 100 ms doubling to 5 s", "[keeper]") {
  RestartPause pause;
  std::vector<long> pauses;
  for (int i = 0; i < 9; ++i) pauses.push_back(pause.next(1ms).count());
  CHECK(pauses == std::vector<long>{0, 100, 200, 400, 800, 1600, 3200, 5000, 5000});
}

TEST_CASE("restart pause: a child that lived ten seconds is started again at once", "[keeper]") {
  RestartPause pause;
  for (int i = 0; i < 5; ++i) static_cast<void>(pause.next(9999ms));
  CHECK(pause.next(10s) == 0ms);
  CHECK(pause.next(1s) == 100ms);
}

TEST_CASE("exit records: come out of the pipe as they went in, also after the writer's pause",
          "[keeper]") {
  Result<ExitPipe> pipe = ExitPipe::create();
  REQUIRE(pipe);
  const int fd = pipe->read_end()->front().get();
  CHECK(read_exits(fd, 10).value().empty());
  pipe->record({.process = {.pid = 4711, .start_time = 0x1234567890abcdef},
                .exit = {.kind = os::Exit::Kind::exited, .value = 7}});
  pipe->record(
      {.process = {.pid = 4712, .start_time = 1},
       .exit = {.kind = os::Exit::Kind::signalled, .value = SIGSEGV, .core_dumped = true}});
  auto records = read_exits(fd, 1);
  REQUIRE(records.value().size() == 1);
  CHECK(records->front().process == os::ProcessId{4711, 0x1234567890abcdef});
  CHECK(records->front().exit == os::Exit{.kind = os::Exit::Kind::exited, .value = 7});
  records = read_exits(fd, 10);
  REQUIRE(records.value().size() == 1);
  CHECK(records->front().exit ==
        os::Exit{.kind = os::Exit::Kind::signalled, .value = SIGSEGV, .core_dumped = true});
}

TEST_CASE("exit records: a pipe that nobody reads never blocks the keeper", "[keeper]") {
  Result<ExitPipe> pipe = ExitPipe::create();
  REQUIRE(pipe);
  for (int i = 1; i <= 5000; ++i)
    pipe->record({.process = {.pid = i, .start_time = 1}, .exit = {}});
  const auto records = read_exits(pipe->read_end()->front().get(), 5000).value();
  CHECK(records.size() == 65536 / kExitRecordSize);
  CHECK(records.back().process.pid == static_cast<pid_t>(records.size()));
}

TEST_CASE("superd.pid: names the keeper, and nothing is read from what is not a PID", "[keeper]") {
  char dir[] = "/tmp/superd-keeper-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const UniqueFd fd(::open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(read_pid_file(fd.get()) == 0);
  REQUIRE(write_pid_file(fd.get(), 4711));
  REQUIRE(write_pid_file(fd.get(), 4712));
  CHECK(read_pid_file(fd.get()) == 4712);
  remove_pid_file(fd.get());
  REQUIRE(::symlinkat("/proc/self/stat", fd.get(), "superd.pid") == 0);
  CHECK(read_pid_file(fd.get()) == 0);
  remove_pid_file(fd.get());
  CHECK(::rmdir(dir) == 0);
}
