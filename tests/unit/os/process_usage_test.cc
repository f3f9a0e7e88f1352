#include "os/process_usage.h"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.h"

using namespace superd;
using namespace superd::os;

TEST_CASE("process usage: a line of stat, also of a program with a strange name", "[os]") {
  const auto usage = parse_usage(
      "812 (a) b (c) S 1 812 812 0 -1 4194560 9 0 0 0 150 50 1000 -3 20 0 1 0 4200 8192 3 1844",
      100, 4096);
  REQUIRE(usage);
  CHECK(usage->parent == 1);
  CHECK(usage->cpu_seconds == Approx(2));
  CHECK(usage->children_cpu_seconds == Approx(10));
  CHECK(usage->started == Approx(42));
  CHECK(usage->virtual_bytes == 8192);
  CHECK(usage->resident_bytes == 3 * 4096);
  for (const char* text : {"", "812", "812 (sh)", "812 (sh) S 1 2", "812 (sh) S x 2 3"}) {
    CHECK_FALSE(parse_usage(text, 100, 4096));
  }
}

TEST_CASE("process usage: this process has memory, descriptors and used the CPU", "[os]") {
  const auto usage = usage_of(getpid());
  REQUIRE(usage);
  CHECK(usage->resident_bytes > 0);
  CHECK(usage->virtual_bytes >= usage->resident_bytes);
  const std::array own{getpid()};
  const auto before = open_fds(own);
  REQUIRE(before);
  const UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(open_fds(own) == *before + 1);
}

TEST_CASE("process usage: a process that is gone counts nothing", "[os]") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const std::array gone{child};
  CHECK_FALSE(usage_of(child));
  CHECK(cpu_seconds(gone) == 0);
  CHECK(open_fds(gone) == std::size_t{0});
}
