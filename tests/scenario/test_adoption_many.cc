#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

std::string numerous(int workers) {
  return "[group.many]\ncommand = [\"sleep\", \"100000\"]\nworkers = " + std::to_string(workers) +
         "\nenv = { SITE = \"@DIR@\" }\nready = { when = \"delay\", delay = \"10ms\" }\n";
}

// The keeper alone is killed; the other two leave by themselves.
void kill_whole(Superd& superd) {
  const pid_t supervisor = superd.supervisor();
  const pid_t logger = superd.logger();
  superd.program().signal(SIGKILL);
  REQUIRE(wait_until(kSoon, [&] { return !proc::alive(supervisor) && !proc::alive(logger); }));
}

// Each with its generation, its process, and how often it was started anew.
std::vector<std::string> lives_of(const Site& site) {
  std::vector<std::string> workers;
  const nlohmann::json group = site.group("many");
  for (const nlohmann::json& worker : group.at("workers")) {
    workers.push_back(worker.at("name").dump() + worker.at("generation").dump() +
                      worker.at("pid").dump() + worker.at("restarts").dump());
  }
  return workers;
}

void outlive_superd(int workers) {
  constexpr auto kLimit = std::chrono::minutes(3);
  Site site(numerous(workers));
  const auto is_there = [&] { return site.reaches("many", "running", kLimit); };
  std::vector<std::string> before;
  {
    Superd superd(site);
    REQUIRE(is_there());
    before = lives_of(site);
    REQUIRE(before.size() == static_cast<std::size_t>(workers));

    REQUIRE(superd.kill_supervisor());
    REQUIRE(is_there());
    CHECK(lives_of(site) == before);

    CHECK(site.ctl({"upgrade"}).exit == 0);
    REQUIRE(is_there());
    CHECK(lives_of(site) == before);

    kill_whole(superd);
  }
  Superd again(site);
  REQUIRE(is_there());
  CHECK(lives_of(site) == before);
  CHECK_THAT(site.misnamed(), Catch::Equals(std::vector<std::string>{}));
  {
    const Program lost({"sleep", "100000"}, {.env = {"SITE=" + site.dir()}, .directory = ""});
    CHECK(wait_until(kSoon, [&] { return site.misnamed().size() == 1; }));
  }
  // They are held as those that were started by this one: an end is seen, and answered.
  const pid_t first = site.main_pid("many.1");
  ::kill(first, SIGKILL);
  CHECK(wait_until(kSoon, [&] { return site.worker("many.1").at("restarts") == 1; }));
  CHECK(proc::zombies_below(again.keeper()).empty());
}

}  // namespace

TEST_CASE("three hundred workers outlive supervisor, upgrade and keeper, each as what it was",
          "[all]") {
  outlive_superd(300);
}

TEST_CASE("two thousand workers outlive superd", "[full]") { outlive_superd(2000); }

}  // namespace superd::scenario
