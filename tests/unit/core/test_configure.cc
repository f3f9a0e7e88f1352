#include <algorithm>

#include <catch2/catch.hpp>

#include "core_fixture.h"

using namespace std::chrono_literals;

namespace superd::core {
namespace {

using Recipe = GroupConfigured::Recipe;
using Generations = std::vector<int>;

GroupSpec with_workers(int workers) { return group_spec("web", workers); }

TEST_CASE("apply: a larger number of workers starts those that are new, and touches no other",
          "[core]") {
  Bench bench = serving(with_workers(2));
  const CommandId apply = bench.configure(with_workers(3), Recipe::same);
  CHECK(bench.spawns("web.1").size() == 1);
  CHECK(bench.spawns("web.2").size() == 1);
  CHECK_FALSE(bench.answer(apply).has_value());
  bench.becomes_ready("web.3");
  CHECK(bench.answer(apply)->ok);
  CHECK(generations(bench) == Generations{1, 1, 1});
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE("apply: a smaller number of workers stops the last ones, and touches no other",
          "[core]") {
  Bench bench = serving(with_workers(4));
  const CommandId apply = bench.configure(with_workers(2), Recipe::same);
  CHECK(bench.answer(apply)->ok);
  CHECK(bench.group("web").workers.size() == 2);
  CHECK(generations(bench) == Generations{1, 1});
  CHECK(bench.group("web").state == GroupState::running);
}

TEST_CASE("apply: a worker too many stays in sight until its last process is gone", "[core]") {
  Bench bench = serving(with_workers(2));
  bench.manners = Bench::Manners::silent;
  const SpawnId leaving = bench.current("web.2");
  const CommandId apply = bench.configure(with_workers(1), Recipe::same);
  CHECK(bench.state("web.2") == WorkerState::stopping);
  CHECK(bench.group("web").state == GroupState::running);
  CHECK_FALSE(bench.answer(apply).has_value());
  SECTION("and is not started again") {
    CHECK_FALSE(bench.answer(bench.start("web.2"))->ok);
    bench.restart("web");
    bench.ends(leaving, Exit::by_signal(15));
    CHECK(bench.group("web").workers.size() == 1);
    CHECK(bench.answer(apply)->ok);
  }
  SECTION("unless the number grows again meanwhile") {
    bench.configure(with_workers(2), Recipe::same);
    bench.ends(leaving, Exit::by_signal(15));
    CHECK(bench.state("web.2") == WorkerState::starting);
  }
}

TEST_CASE("apply: workers added to a stopped group wait for its start", "[core]") {
  Bench bench(with_workers(1));
  CHECK(bench.answer(bench.configure(with_workers(2), Recipe::same))->ok);
  CHECK(bench.state("web.2") == WorkerState::stopped);
  bench.start("web");
  CHECK(bench.state("web.2") == WorkerState::starting);
}

TEST_CASE("apply: a new stop timeout counts for processes that run, and replaces none", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.manners = Bench::Manners::silent;
  GroupSpec patient = with_workers(1);
  patient.stop = {.signal = 3, .timeout = 100s};
  bench.configure(patient, Recipe::same);
  const SpawnId spawn = bench.current("web.1");
  bench.stop("web");
  CHECK(bench.process(spawn).main_signals == std::vector<int>{3});
  bench.advance(99s);
  CHECK(bench.process(spawn).kills == 0);
  bench.advance(1s);
  CHECK(bench.process(spawn).kills == 1);
}

TEST_CASE("apply: a new recipe rolls the group", "[core]") {
  Bench bench = serving(with_workers(2));
  const CommandId apply = bench.configure(with_workers(2), Recipe::anew);
  bench.next_becomes_ready("web.1");
  bench.next_becomes_ready("web.2");
  CHECK(bench.answer(apply)->ok);
  CHECK(generations(bench) == Generations{2, 2});
}

TEST_CASE("apply: each process is asked to leave as it was configured when it started", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  GroupSpec other = with_workers(1);
  other.stop = {.signal = 3, .timeout = 7s};
  bench.configure(other, Recipe::anew);
  bench.executes(bench.next("web.1"));
  bench.next_becomes_ready("web.1");
  CHECK(bench.process(old).main_signals == std::vector<int>{15});
  bench.advance(8s);
  CHECK(bench.process(old).kills == 0);
  const SpawnId serving = bench.current("web.1");
  bench.stop("web");
  CHECK(bench.process(serving).main_signals == std::vector<int>{3});
}

TEST_CASE("apply: a roll that fails leaves the group with the configuration that it had",
          "[core]") {
  Bench bench = serving(with_workers(2));
  GroupSpec broken = with_workers(2);
  broken.stop = {.signal = 3, .timeout = 7s};
  const CommandId apply = bench.configure(broken, Recipe::anew);
  const SpawnId failed = bench.next("web.1");
  bench.next_ends("web.1", Exit::with_status(1));
  CHECK_FALSE(bench.answer(apply)->ok);
  CHECK(generations(bench) == Generations{1, 1});
  CHECK(bench.group("web").spec->stop.signal == 15);
  CHECK(bench.process(failed).tree_signals == std::vector<int>{3});
  const SpawnId serving = bench.current("web.1");
  bench.stop("web");
  CHECK(bench.process(serving).main_signals == std::vector<int>{15});
}

TEST_CASE("apply: a group that does not run starts by the new recipe the next time", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.stop("web");
  CHECK(bench.answer(bench.configure(with_workers(1), Recipe::anew))->ok);
  bench.start("web");
  bench.becomes_ready("web.1");
  CHECK(generations(bench) == Generations{2});
}

TEST_CASE("apply: a new recipe during a roll makes one more roll after it", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.restart("web");
  const CommandId apply = bench.configure(with_workers(1), Recipe::anew);
  bench.next_becomes_ready("web.1");
  CHECK_FALSE(bench.answer(apply).has_value());
  bench.next_becomes_ready("web.1");
  CHECK(bench.answer(apply)->ok);
  CHECK(generations(bench) == Generations{3});
}

TEST_CASE("apply: a group that waits for a connection starts by the new recipe", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.send(GroupIdle{.group = "web"});
  bench.configure(with_workers(1), Recipe::anew);
  CHECK(bench.group("web").state == GroupState::waiting);
  bench.send(ConnectionWaits{.group = "web"});
  bench.becomes_ready("web.1");
  CHECK(generations(bench) == Generations{2});
}

TEST_CASE("apply: a group that is new is known, and stopped", "[core]") {
  Bench bench = serving(with_workers(1));
  CHECK(bench.answer(bench.configure(group_spec("api"), Recipe::same))->ok);
  CHECK(bench.group("api").state == GroupState::stopped);
  bench.start("api");
  CHECK(bench.state("api.1") == WorkerState::starting);
}

TEST_CASE("apply: a group that is removed stops, and is not known any more", "[core]") {
  Bench bench = serving(with_workers(2));
  bench.manners = Bench::Manners::silent;
  const CommandId removal = bench.remove("web");
  CHECK_FALSE(bench.answer(bench.start("web"))->ok);
  for (const char* worker : {"web.1", "web.2"}) bench.ends(worker, Exit::by_signal(15));
  CHECK(bench.answer(removal)->ok);
  CHECK(bench.core().find("web") == nullptr);
  CHECK(bench.count<GroupGone>() == 1);
  // Its sockets are closed before the one who asked is told.
  const std::vector<Effect>& effects = bench.effects();
  const auto gone = std::find_if(effects.begin(), effects.end(), [](const Effect& effect) {
    return std::holds_alternative<GroupGone>(effect);
  });
  const auto told = std::find_if(effects.begin(), effects.end(), [&](const Effect& effect) {
    const auto* answer = std::get_if<Answer>(&effect);
    return answer != nullptr && answer->command == removal;
  });
  CHECK(gone < told);
}

TEST_CASE("apply: a removed group that comes back before it was gone starts again", "[core]") {
  Bench bench = serving(with_workers(1));
  bench.manners = Bench::Manners::silent;
  const SpawnId old = bench.current("web.1");
  bench.remove("web");
  bench.configure(with_workers(1), Recipe::anew);
  bench.start("web");
  bench.ends(old, Exit::by_signal(15));
  CHECK(bench.worker("web.1").life->generation == 2);
  CHECK(bench.count<GroupGone>() == 0);
}

TEST_CASE("apply: a group is removed after those that depended on it have stopped", "[core]") {
  Bench bench = chain_up();
  bench.configure(needing(group_spec("web"), {}), Recipe::same);
  bench.remove("cache");
  CHECK(bench.state("web.1") == WorkerState::ready);
  CHECK(bench.core().find("cache") == nullptr);
  CHECK(bench.core().dependencies().direct("web").empty());
}

TEST_CASE("apply: groups stand in the order of the configuration", "[core]") {
  Bench bench({group_spec("a"), group_spec("b")});
  bench.configure(group_spec("c"), Recipe::same);
  bench.send(GroupsOrdered{.names = {"c", "b", "a"}});
  CHECK(bench.core().names() == std::vector<std::string>{"c", "b", "a"});
}

}  // namespace
}  // namespace superd::core
