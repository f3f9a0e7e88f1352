#include <filesystem>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "daemon/before.h"
#include "daemon/exec_readiness.h"
#include "errand_fixture.h"

using namespace superd;
using tests::ErrandFixture;
using Lines = std::vector<std::string>;

namespace {

constexpr core::SpawnId kSpawn{5};

struct Watching : ErrandFixture {
  daemon::Recipes recipes{loop, [](const core::RecipeMade&) {}};
  std::multiset<core::SpawnId> seen;
  daemon::ExecReadiness readiness{{.loop = loop, .recipes = recipes, .errands = *errands},
                                  [this](core::SpawnId spawn) { seen.insert(spawn); }};
  core::GroupSpec spec = group();

  void watch(std::vector<std::string> command) {
    spec.ready.command = std::move(command);
    recipes.make(std::make_shared<const core::GroupSpec>(spec), 1);
    readiness.watch(kSpawn, 2, 1, spec);
  }
};

struct Rolling : ErrandFixture {
  daemon::Recipes recipes{loop, [](const core::RecipeMade&) {}};
  std::optional<core::BeforeEnded> told;
  daemon::Listeners listeners{directory + "/sockets", [](const std::string&, int) {},
                              [](const std::string&) {}};
  daemon::Rehearsals rehearsals{{.loop = loop, .listeners = listeners, .errands = *errands},
                                directory + "/private"};
  daemon::Before before{{.recipes = recipes, .errands = *errands, .rehearsals = rehearsals},
                        [this](const core::BeforeEnded& ended) { told = ended; }};
  core::GroupSpec spec = group();

  void run(std::vector<std::string> command) {
    spec.roll.before = std::move(command);
    recipes.make(std::make_shared<const core::GroupSpec>(spec), 2);
    before.run({.group = "web", .generation = 2, .roll = core::CommandId{9}});
  }
};

}  // namespace

TEST_CASE("ready exec: the command is run until it exits with 0", "[exec_readiness]") {
  Watching watching;
  watching.watch({"/bin/sh", "-c", "echo $SUPERD_WORKER looks >&2; test -e serves"});
  watching.until([&] {
    return watching.readiness.reason(kSpawn) == "ready.command exited with status 1: web.2 looks";
  });
  CHECK(watching.seen.empty());
  std::ofstream(watching.directory + "/serves") << "now";
  watching.until([&] { return !watching.seen.empty(); });
  CHECK(watching.seen == std::multiset<core::SpawnId>{kSpawn});
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("ready exec: a command that cannot be executed is the reason", "[exec_readiness]") {
  Watching watching;
  watching.watch({"./nothing"});
  CHECK(watching.readiness.reason(kSpawn) == "ready.command has not ended yet");
  watching.until([&] {
    return watching.readiness.reason(kSpawn) ==
           "ready.command: exec ./nothing: No such file or directory";
  });
}

TEST_CASE("ready exec: a check that hangs ends with the watch", "[exec_readiness]") {
  Watching watching;
  watching.watch({"/bin/sh", "-c", "echo asks; touch hangs; sleep 600"});
  watching.until([&] { return std::filesystem::exists(watching.directory + "/hangs"); });
  watching.until(
      [&] { return watching.readiness.reason(kSpawn) == "ready.command has not ended yet: asks"; });
  watching.readiness.unwatch(kSpawn);
  CHECK(watching.readiness.reason(kSpawn).empty());
  watching.idle();
  CHECK(watching.seen.empty());
}

TEST_CASE("roll.before: its success is told", "[before]") {
  Rolling rolling;
  rolling.run({"true"});
  rolling.until([&] { return rolling.told.has_value(); });
  CHECK(rolling.told->ok);
  CHECK(rolling.told->group == "web");
  CHECK(rolling.told->roll == core::CommandId{9});
}

TEST_CASE("roll.before: a failure is told with its last lines", "[before]") {
  Rolling rolling;
  rolling.run({"/bin/sh", "-c", "echo $WHO: no such table; exit 1"});
  rolling.until([&] { return rolling.told.has_value(); });
  CHECK_FALSE(rolling.told->ok);
  CHECK(rolling.told->message == "exited with status 1");
  CHECK(rolling.told->output == Lines{"web.1@2: no such table"});
}

TEST_CASE("roll.before: of a recipe that cannot be made the reason is told", "[before]") {
  Rolling rolling;
  rolling.spec.env_file = "/nowhere/.env";
  rolling.run({"true"});
  rolling.until([&] { return rolling.told.has_value(); });
  CHECK_FALSE(rolling.told->ok);
  CHECK(rolling.told->message ==
        "could not be run: env_file /nowhere/.env: No such file or directory");
}

TEST_CASE("roll.before: cancelled while it runs or waits for its recipe, it says nothing",
          "[before]") {
  Rolling rolling;
  rolling.run({"/bin/sh", "-c", "touch begun; sleep 600"});
  SECTION("at once") {}
  SECTION("later") {
    rolling.until([&] { return std::filesystem::exists(rolling.directory + "/begun"); });
  }
  rolling.before.cancel(core::CommandId{9});
  rolling.idle();
  CHECK_FALSE(rolling.told.has_value());
}
