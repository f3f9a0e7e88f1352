#include <optional>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "daemon/child.h"

namespace superd::daemon {
namespace {

constexpr os::ProcessId kGone{.pid = 4'000'000, .start_time = 1};

TEST_CASE("adoption: what the keeper tells of an end that is known already changes nothing",
          "[daemon]") {
  // Nobody follows it: the core knew of its end before.
  Child child(kGone, UniqueFd());
  child.ended({.kind = os::Exit::Kind::exited, .value = 3});
  CHECK_FALSE(child.gone());
}

TEST_CASE("adoption: how a process ended may be told after it was looked for", "[daemon]") {
  loop::Loop loop = loop::Loop::create().value();
  Child child(kGone, UniqueFd());
  std::optional<core::Exit> exit;
  REQUIRE(child.follow(loop, {.on_exit = [&](core::Exit how) { exit = std::move(how); }}));
  CHECK_FALSE(exit);
  child.ended({.kind = os::Exit::Kind::exited, .value = 3});
  CHECK(exit == core::Exit::with_status(3));
  CHECK(child.gone());
  child.ended({.kind = os::Exit::Kind::exited, .value = 4});
  CHECK(exit == core::Exit::with_status(3));
}

TEST_CASE("adoption: an end that nobody tells is unknown after a while", "[daemon]") {
  loop::Loop loop = loop::Loop::create().value();
  Child child(kGone, UniqueFd());
  std::optional<core::Exit> exit;
  REQUIRE(child.follow(loop, {.on_exit = [&](core::Exit how) { exit = std::move(how); }}));
  CHECK(loop::run_until(loop, [&] { return exit.has_value(); }));
  CHECK(exit->kind == core::Exit::Kind::unknown);
}

}  // namespace
}  // namespace superd::daemon
