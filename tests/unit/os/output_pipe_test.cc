#include "os/output_pipe.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/limits.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

TEST_CASE("output pipe: a worker whose reader has died goes on writing", "[os]") {
  Result<OutputPipe> pipe = make_output_pipe();
  REQUIRE(pipe);
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "echo first && echo second && exit 5"};
  request.stdout_fd = request.stderr_fd = pipe->write.get();
  pipe->read.reset();
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  CHECK(wait_for_exit(*spawned) == Exit{.kind = Exit::Kind::exited, .value = 5});
  std::array<char, 64> text{};
  CHECK(::read(pipe->write.get(), text.data(), text.size()) == 13);
}

TEST_CASE("output pipe: the reader never waits, the worker does", "[os]") {
  const Result<OutputPipe> pipe = make_output_pipe();
  REQUIRE(pipe);
  char byte = 0;
  CHECK(::read(pipe->read.get(), &byte, 1) == -1);
  CHECK(errno == EAGAIN);
  CHECK((::fcntl(pipe->write.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK(::fcntl(pipe->read.get(), F_GETFD) == FD_CLOEXEC);
  CHECK(::fcntl(pipe->write.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("output pipe: root's hold a megabyte, an ordinary user's eat no quota", "[os]") {
  if (is_root()) CHECK(::fcntl(make_output_pipe()->read.get(), F_GETPIPE_SZ) == 1 << 20);
  const std::string wrong = as_ordinary_user([]() -> std::string {
    const Result<OutputPipe> pipe = make_output_pipe();
    if (!pipe) return pipe.error().message;
    const int size = ::fcntl(pipe->read.get(), F_GETPIPE_SZ);
    return size <= 1 << 16 ? "" : fmt::format("{} bytes", size);
  });
  CHECK(wrong == "");
}

TEST_CASE("limits: raising the descriptor limit gives the old one back", "[os]") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  CHECK(*raise_nofile_limit() == 64);
  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == after.rlim_max);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}
