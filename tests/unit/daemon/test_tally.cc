#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/tally.h"

namespace superd::daemon {
namespace {

using namespace std::chrono_literals;

// A core of one group whose every event and effect is counted, as the supervisor does.
struct World {
  World() : core({.first_spawn = 1, .max_starting = 10, .hold_starts = false}) {
    core::GroupSpec web;
    web.name = "web";
    web.workers = 1;
    web.ready.when = core::ReadyWhen::notify;
    web.stop.timeout = 5s;
    core.add_group(web);
  }

  void happen(const core::Event& event) {
    tally.note(event, core);
    for (const core::Effect& effect : core.handle(event, now)) {
      tally.note(effect, core, now);
      if (const auto* spawn = std::get_if<core::Spawn>(&effect)) last = spawn->spawn;
    }
    for (auto& [key, text] : tally.take_changes()) journal[key] = std::move(text);
  }
  void start(const std::string& cause) {
    happen(core::StartRequested{
        .command = core::kOwnCommand, .target = {.group = "web"}, .cause = cause});
  }
  // The process that has its turn gets ready.
  void run(core::Duration takes) {
    happen(core::ProcessMade{.spawn = last, .pid = 100});
    happen(core::ProgramExecuted{.spawn = last});
    now += takes;
    happen(core::ReadinessSeen{.spawn = last});
  }
  void end(core::SpawnId spawn, const core::Exit& exit) {
    happen(core::MainExited{.spawn = spawn, .exit = exit});
    happen(core::TreeGone{.spawn = spawn});
  }
  [[nodiscard]] const Tally::Group& web() const { return tally.groups().at("web"); }

  core::Supervision core;
  Tally tally{Tally::WallTime{}};
  core::SpawnId last{};
  core::TimePoint now = core::TimePoint(1h);
  std::map<std::string, std::string> journal;
};

using Counts = Tally::Counts;

TEST_CASE("metrics: a start counts by the first word of what caused it", "[daemon]") {
  CHECK(reason_of("command uid=0 pid=4711") == "command");
  CHECK(reason_of("trigger /srv/tmp/restart.txt") == "trigger");
  CHECK(reason_of("exit") == "exit");
  CHECK(reason_of("something else") == "other");
  CHECK(reason_of("") == "other");
  World world;
  world.start("command uid=0 pid=4711");
  CHECK(world.web().starts == Counts{{"command", 1}});
  CHECK(world.web().exits.empty());
}

TEST_CASE("metrics: how long it took to be ready runs from the process's turn", "[daemon]") {
  World world;
  world.start("boot");
  world.run(300ms);
  CHECK(world.web().ready.count() == 1);
  CHECK(world.web().ready.sum == Approx(0.3));
}

TEST_CASE("metrics: a process that dies counts as an exit, its pause and the start after it",
          "[daemon]") {
  World world;
  world.start("boot");
  world.run(0s);
  world.end(world.last, core::Exit::with_status(7));
  CHECK(world.web().exits == Counts{{"exit", 1}});
  const core::Worker& worker = *world.core.find(core::WorkerRef{.group = "web", .number = 1});
  if (worker.state == core::WorkerState::backoff) {
    CHECK(world.web().backoff.count() == 1);
    CHECK(world.web().backoff.sum ==
          Approx(std::chrono::duration<double>(worker.next_attempt - world.now).count()));
    world.now = worker.next_attempt;
    world.happen(core::TimerFired{
        .key = {.kind = core::TimerKind::backoff, .worker = worker.ref, .spawn = world.last}});
  }
  CHECK(world.web().starts == Counts{{"boot", 1}, {"exit", 1}});
}

TEST_CASE("metrics: a stop counts by its cause, until no process is left, and its kill once",
          "[daemon]") {
  World world;
  world.start("boot");
  world.run(0s);
  const core::SpawnId spawn = world.last;
  world.happen(core::StopRequested{
      .command = core::kOwnCommand, .target = {.group = "web"}, .cause = "signal TERM"});
  const core::TimerKey kill{
      .kind = core::TimerKind::kill, .worker = {.group = "web", .number = 1}, .spawn = spawn};
  world.now += 5s;
  world.happen(core::TimerFired{.key = kill});
  world.now += 1s;
  world.happen(core::TimerFired{.key = kill});
  world.end(spawn, core::Exit::by_signal(9));
  CHECK(world.web().kills == 1);
  CHECK(world.web().exits == Counts{{"signal", 1}});
  CHECK(world.web().stop.count() == 1);
  CHECK(world.web().stop.sum == Approx(6));
}

TEST_CASE(
    "metrics: a roll counts by its result and how long it took, also over the supervisor's "
    "death",
    "[daemon]") {
  World world;
  world.start("boot");
  world.run(0s);
  const core::SpawnId old = world.last;
  world.happen(core::RestartRequested{
      .command = core::CommandId{9}, .target = {.group = "web"}, .cause = "command uid=0 pid=5"});
  Tally next(Tally::WallTime(99h));
  next.restore(world.journal, Tally::After::death);
  CHECK(next.groups() == world.tally.groups());
  world.tally = std::move(next);
  world.run(2s);
  world.end(old, core::Exit::with_status(0));
  CHECK(world.web().rolls == Counts{{"done", 1}});
  CHECK(world.web().roll.sum == Approx(2));
  CHECK(world.web().starts == Counts{{"boot", 1}, {"command", 1}});
}

TEST_CASE("metrics: the next supervisor goes on counting where the last one ended", "[daemon]") {
  World world;
  world.tally = Tally(Tally::WallTime(77ms));
  world.tally.note_request("control");
  world.start("boot");
  world.run(0s);
  Tally next(Tally::WallTime(99h));
  next.restore(world.journal, Tally::After::death);
  CHECK(next.groups() == world.tally.groups());
  CHECK(next.requests() == Counts{{"control", 1}});
  CHECK(next.began() == Tally::WallTime(77ms));
  CHECK(next.recoveries() == 1);
  std::map<std::string, std::string> journal;
  for (auto& [key, text] : next.take_changes()) journal[key] = text;
  Tally third(Tally::WallTime{});
  third.restore(journal, Tally::After::upgrade);
  CHECK(third.recoveries() == 1);
}

TEST_CASE("metrics: output goes on being counted when the logger or the supervisor is another",
          "[daemon]") {
  World world;
  const auto tell = [&](std::uint64_t logger, const logs::LogCounts& counts) {
    world.tally.note({.logger = logger, .group = "web", .counts = counts}, world.core);
    for (auto& [key, text] : world.tally.take_changes()) world.journal[key] = std::move(text);
  };
  tell(7, {.bytes = 100, .lines = 10, .dropped = 1});
  tell(7, {.bytes = 300, .lines = 30, .dropped = 1});
  CHECK(world.tally.logs().at("web").all() ==
        logs::LogCounts{.bytes = 300, .lines = 30, .dropped = 1});
  Tally next(Tally::WallTime{});
  next.restore(world.journal, Tally::After::death);
  CHECK(next.logs() == world.tally.logs());
  world.tally = std::move(next);
  tell(7, {.bytes = 400, .lines = 40, .dropped = 1});
  tell(8, {.bytes = 5, .lines = 1, .dropped = 0});
  tell(8, {.bytes = 10, .lines = 2, .dropped = 2});
  CHECK(world.tally.logs().at("web").all() ==
        logs::LogCounts{.bytes = 410, .lines = 42, .dropped = 3});
  world.tally.note({.logger = 8, .group = "unknown", .counts = {}}, world.core);
  CHECK(world.tally.logs().size() == 1);
  world.tally.note(core::Effect(core::GroupGone{.group = "web"}), world.core, world.now);
  for (auto& [key, text] : world.tally.take_changes()) world.journal[key] = std::move(text);
  CHECK(world.journal.at("metric/logs/web").empty());
}

TEST_CASE("metrics: a process that the kernel killed for want of memory counts as such",
          "[daemon]") {
  World world;
  world.start("boot");
  world.run(0s);
  core::Exit exit = core::Exit::by_signal(9);
  exit.reason = core::kByOomKiller;
  world.end(world.last, exit);
  CHECK(world.web().oom_kills == 1);
  CHECK(world.web().exits == Counts{{"exit", 1}});
}

TEST_CASE("metrics: nothing is written down while nothing happens, and a removed group is dropped",
          "[daemon]") {
  World world;
  world.start("boot");
  CHECK(world.tally.take_changes().empty());
  world.tally.note_request("control");
  CHECK(world.tally.take_changes().empty());
  CHECK(world.tally.take_requests().size() == 1);
  CHECK(world.tally.take_requests().empty());
  world.tally.note(core::Effect(core::GroupGone{.group = "web"}), world.core, world.now);
  const auto changes = world.tally.take_changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].first == "metric/group/web");
  CHECK(changes[1].second.empty());
  CHECK(world.tally.groups().empty());
}

TEST_CASE("metrics: what cannot be read in the journal counts as nothing", "[daemon]") {
  Tally tally(Tally::WallTime(5ms));
  tally.restore({{"metric/superd", "{\"began\":\"x\"}"},
                 {"metric/group/a", "nonsense"},
                 {"metric/group/b", "{\"starts\":7}"},
                 {"metric/group/c", "{\"kills\":3,\"ready\":{\"counts\":[1,2],\"sum\":3}}"}},
                Tally::After::death);
  CHECK(tally.began() == Tally::WallTime(5ms));
  REQUIRE(tally.groups().size() == 1);
  CHECK(tally.groups().at("c").kills == 3);
  CHECK(tally.groups().at("c").ready.count() == 0);
}

}  // namespace
}  // namespace superd::daemon
