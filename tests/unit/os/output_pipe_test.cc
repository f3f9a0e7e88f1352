#include "os/output_pipe.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/limits.h"
#include "os/splice.h"
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

TEST_CASE("transit pipe: one handle is both ends, and nobody waits at it", "[os]") {
  const Result<UniqueFd> transit = make_transit_pipe();
  REQUIRE(transit);
  CHECK(::fcntl(transit->get(), F_GETFD) == FD_CLOEXEC);
  const Result<OutputPipe> output = make_output_pipe();
  REQUIRE(output);
  CHECK(splice(output->read.get(), transit->get(), 100) == -1);
  CHECK(errno == EAGAIN);
  REQUIRE(::write(output->write.get(), "abcdef", 6) == 6);
  const Result<UniqueFd> copy = make_transit_pipe();
  REQUIRE(copy);
  CHECK(tee(output->read.get(), copy->get(), 2) == 2);
  CHECK(splice(output->read.get(), transit->get(), 4) == 4);
  CHECK(bytes_in(output->read.get()) == 2);
  CHECK(bytes_in(transit->get()) == 4);
  CHECK(throw_away(transit->get(), 1) == 1);
  std::array<char, 8> text{};
  CHECK(::read(transit->get(), text.data(), text.size()) == 3);
  CHECK(std::string_view(text.data(), 3) == "bcd");
  CHECK(::read(transit->get(), text.data(), text.size()) == -1);
  CHECK(errno == EAGAIN);
  CHECK(fcntl(transit->get(), F_GETPIPE_SZ) == fcntl(output->read.get(), F_GETPIPE_SZ));
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
