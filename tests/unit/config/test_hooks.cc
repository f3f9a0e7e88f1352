#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;
using Kind = core::OccurrenceKind;

TEST_CASE("hook: a program and the kinds of events that it is told", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", R"(include = ["conf.d/*.toml"]
[[hook]]
on  = ["worker.exited", "group.failed"]
run = ["/usr/local/bin/page-me", "--loud"]
)");
  folder.write("conf.d/a.toml", "[[hook]]\non = ['roll.*']\nrun = ['./told']\n");
  const Loaded loaded = folder.load();
  REQUIRE(loaded.errors.empty());
  REQUIRE(loaded.spec.hooks.size() == 2);
  CHECK(loaded.spec.hooks[0].on == std::set{Kind::worker_exited, Kind::group_failed});
  CHECK(loaded.spec.hooks[0].run == Strings{"/usr/local/bin/page-me", "--loud"});
  CHECK(loaded.spec.hooks[1].on ==
        std::set{Kind::roll_started, Kind::roll_step, Kind::roll_finished, Kind::roll_aborted});
  CHECK(loaded.spec.hooks[1].directory == folder.path() + "/conf.d");
}

TEST_CASE("hook: every kind of event that there is may be waited for", "[config]") {
  for (const Kind kind : core::kOccurrenceKinds) {
    INFO(core::name(kind));
    const std::string hook =
        std::string("[[hook]]\non = ['") + core::name(kind) + "']\nrun = ['x']\n";
    CHECK(errors_of(hook).empty());
  }
}

TEST_CASE("hook: a kind that there is not is an error, with the one that was meant", "[config]") {
  const auto errors_on = [](const std::string& on) {
    return errors_of("[[hook]]\non = " + on + "\nrun = ['x']\n");
  };
  CHECK(errors_on("['worker.exitted']") ==
        Strings{R"(2:7: hook.on: unknown kind of event "worker.exitted", )"
                R"(did you mean "worker.exited"?)"});
  CHECK(errors_on("['nothing.*']").size() == 1);
  CHECK(errors_on("[]").size() == 1);
  CHECK(errors_on("'worker.exited'").size() == 1);
}

TEST_CASE("hook: one without a program or without a kind is an error", "[config]") {
  CHECK(errors_of("[[hook]]\non = ['worker.exited']\n") ==
        Strings{R"(1:1: [[hook]] has no "run": add run = ["/usr/local/bin/page-me"])"});
  CHECK(errors_of("[[hook]]\nrun = ['x']\n") ==
        Strings{R"(1:1: [[hook]] has no "on": add on = ["worker.exited", "group.failed"])"});
  CHECK(errors_of("[[hook]]\non = ['worker.exited']\nrun = []\n").size() == 1);
  CHECK(errors_of("[[hook]]\non = ['worker.exited']\nrun = ['x']\nrnu = 1\n").size() == 1);
  CHECK(errors_of("[hook]\non = ['worker.exited']\nrun = ['x']\n").size() == 1);
}
