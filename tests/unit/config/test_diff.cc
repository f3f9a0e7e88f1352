#include <catch2/catch.hpp>

#include "config/diff.h"

namespace superd::config {
namespace {

using Lines = std::vector<std::string>;
using Needs = KeyChange::Needs;

core::Spec with(const core::GroupSpec& group) {
  core::Spec spec;
  spec.groups = {group};
  return spec;
}

core::GroupSpec web() {
  core::GroupSpec group;
  group.name = "web";
  group.command = {"gunicorn", "app:app"};
  group.workers = 2;
  group.listen = {{.address = "127.0.0.1:8000", .name = "socket"}};
  return group;
}

Lines changes_to(const core::GroupSpec& wanted) {
  return describe(compare(with(web()), with(wanted)));
}

TEST_CASE("apply: two equal configurations differ in nothing, wherever their lines stand",
          "[config]") {
  core::GroupSpec moved = web();
  moved.place = {.file = "other.toml", .line = 7, .column = 1};
  CHECK(changes_to(moved).empty());
}

TEST_CASE("apply: the number of workers is a change of its own", "[config]") {
  core::GroupSpec more = web();
  more.workers = 5;
  const Plan plan = compare(with(web()), with(more));
  CHECK(describe(plan) == Lines{"web: workers 2 -> 5"});
  CHECK_FALSE(needs_roll(plan.groups.at(0)));
}

TEST_CASE("apply: what processes are started with needs new ones", "[config]") {
  core::GroupSpec other = web();
  other.command.back() = "app:other";
  other.env = {{.name = "A", .value = "1"}};
  other.stop.timeout = std::chrono::seconds(5);
  const Plan plan = compare(with(web()), with(other));
  CHECK(needs_roll(plan.groups.at(0)));
  CHECK(describe(plan) == Lines{"web: command, env: every process is replaced by a roll",
                                "web: stop: counts from now on, no process is replaced"});
}

TEST_CASE("apply: a socket's backlog and mode need no new process, another address does",
          "[config]") {
  core::GroupSpec tuned = web();
  tuned.listen[0].backlog = 100;
  CHECK_FALSE(needs_roll(compare(with(web()), with(tuned)).groups.at(0)));
  core::GroupSpec moved = web();
  moved.listen[0].address = "127.0.0.1:8001";
  CHECK(needs_roll(compare(with(web()), with(moved)).groups.at(0)));
}

TEST_CASE("apply: another way to be ready needs new processes where it needs a pipe", "[config]") {
  core::GroupSpec patient = web();
  patient.ready.timeout = std::chrono::seconds(5);
  CHECK_FALSE(needs_roll(compare(with(web()), with(patient)).groups.at(0)));
  core::GroupSpec piped = web();
  piped.ready.when = core::ReadyWhen::fd;
  CHECK(needs_roll(compare(with(web()), with(piped)).groups.at(0)));
}

TEST_CASE("apply: groups come and go", "[config]") {
  core::GroupSpec api = web();
  api.name = "api";
  CHECK(describe(compare(with(web()), with(api))) ==
        Lines{"api: new: starts 2 workers", "web: removed: stops"});
  api.autostart = false;
  CHECK(describe(compare({}, with(api))) == Lines{"api: new: is not started (autostart = false)"});
  api.autostart = true;
  api.on_demand = true;
  CHECK(describe(compare({}, with(api))) ==
        Lines{"api: new: its first connection starts 2 workers"});
}

TEST_CASE("apply: the place of superd's own sockets counts at its next start", "[config]") {
  core::Spec now;
  core::Spec wanted;
  wanted.daemon.control = "/run/other.sock";
  wanted.daemon.log_level = core::LogLevel::debug;
  CHECK(describe(compare(now, wanted)) ==
        Lines{"superd.control: counts when superd is started again",
              "superd.log_level: counts from now on"});
}

}  // namespace
}  // namespace superd::config
