#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/occurrences.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

using Kind = core::OccurrenceKind;

// A core of one group, whose every event and effect is noted as the supervisor does.
struct World {
  World() : core({.first_spawn = 1, .max_starting = 10, .hold_starts = false}) {
    core::GroupSpec web;
    web.name = "web";
    web.workers = 1;
    web.ready.when = core::ReadyWhen::notify;
    web.stop.timeout = std::chrono::seconds(5);
    core.add_group(web);
  }

  void happen(const core::Event& event) {
    occurrences.note(event, core, now);
    for (const core::Effect& effect : core.handle(event, at)) {
      std::visit([this](const auto& e) { note(e); }, effect);
    }
  }
  template <class Effect>
  void note(const Effect& e) {
    if constexpr (requires { occurrences.note(e, now); }) occurrences.note(e, now);
  }
  void note(const core::Spawn& e) { last = e.spawn; }
  void note(const core::KillTree& e) { occurrences.note(e, core, now); }
  void note(const core::Forget& e) { occurrences.note(e); }

  core::SpawnId start() {
    happen(core::StartRequested{
        .command = core::CommandId{1}, .target = {.group = "web"}, .cause = "boot"});
    return run(100);
  }
  core::SpawnId run(std::int64_t pid) {
    const core::SpawnId spawn = last;
    happen(core::ProcessMade{.spawn = spawn, .pid = pid});
    happen(core::ProgramExecuted{.spawn = spawn});
    happen(core::ReadinessSeen{.spawn = spawn});
    return spawn;
  }
  void end(core::SpawnId spawn, const core::Exit& exit) {
    happen(core::MainExited{.spawn = spawn, .exit = exit});
    happen(core::TreeGone{.spawn = spawn});
  }
  std::vector<std::string> take() { return std::exchange(told, {}); }

  std::vector<std::string> told;  // `worker.ready web.1`
  std::vector<wire::OccurrenceView> views;
  Occurrences occurrences{[this](Kind kind, const wire::OccurrenceView& view) {
    CHECK(view.event == core::name(kind));
    told.push_back(view.event + " " + view.worker.value_or(view.group.value_or("")));
    views.push_back(view);
  }};
  core::Supervision core;
  core::SpawnId last{};
  core::TimePoint at{};
  Occurrences::Time now{};
};
using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("events: a start, as it goes on", "[daemon]") {
  World world;
  world.start();
  CHECK(world.take() == Told{"group.starting web", "worker.spawned web.1", "worker.ready web.1",
                             "group.running web"});
  CHECK(wire::to_text(world.views.at(1)) ==
        R"({"id":2,"time":"1970-01-01T00:00:00.000Z","event":"worker.spawned","group":"web",)"
        R"("worker":"web.1","pid":100,"generation":1,"cause":"boot"})");
}

TEST_CASE("events: a worker that dies tells how, and why it ended", "[daemon]") {
  World world;
  const core::SpawnId spawn = world.start();
  world.take();
  world.happen(core::MainExited{.spawn = spawn, .exit = core::Exit::with_status(7)});
  const Told told = world.take();
  REQUIRE(told.front() == "worker.exited web.1");
  const wire::OccurrenceView& view = world.views.at(4);
  CHECK(view.id == 5);
  CHECK(view.pid == 100);
  CHECK(view.cause == "exit");
  CHECK(view.message == "exited with status 7");
  REQUIRE(view.exit);
  CHECK(view.exit->code == 7);
}

TEST_CASE("events: a worker that was asked to leave ends because of what asked", "[daemon]") {
  World world;
  const core::SpawnId spawn = world.start();
  world.take();
  world.happen(core::StopRequested{
      .command = core::CommandId{2}, .target = {.group = "web"}, .cause = "command uid=0 pid=5"});
  world.happen(core::TimerFired{.key = {.kind = core::TimerKind::kill,
                                        .worker = {.group = "web", .number = 1},
                                        .spawn = spawn}});
  world.happen(core::TimerFired{.key = {.kind = core::TimerKind::kill,
                                        .worker = {.group = "web", .number = 1},
                                        .spawn = spawn}});
  world.end(spawn, core::Exit::by_signal(9));
  CHECK(world.take() == Told{"worker.stopping web.1", "group.stopping web", "worker.killed web.1",
                             "worker.exited web.1", "group.stopped web"});
  CHECK(world.views.at(7).cause == "command uid=0 pid=5");
}

TEST_CASE("events: a roll, with its id in all that happens meanwhile", "[daemon]") {
  World world;
  const core::SpawnId old = world.start();
  world.take();
  world.happen(core::RestartRequested{
      .command = core::CommandId{9}, .target = {.group = "web"}, .cause = "signal USR1"});
  world.run(200);
  world.end(old, core::Exit::with_status(0));
  const Told told = world.take();
  CHECK(told.front() == "roll.started web");
  CHECK(told.back() == "group.running web");
  const auto count = [&](const std::string& what) {
    return std::count(told.begin(), told.end(), what);
  };
  CHECK(count("worker.spawned web.1") == 1);
  CHECK(count("worker.ready web.1") == 1);
  CHECK(count("worker.exited web.1") == 1);
  CHECK(count("roll.finished web") == 1);
  CHECK(count("roll.step web.1") >= 3);
  for (const wire::OccurrenceView& view : world.views) {
    if (view.id <= 4 || view.event == "group.running") continue;
    CHECK(view.roll == 9);
    CHECK(view.cause == "signal USR1");
  }
}

TEST_CASE("events: what superd does of its own accord, and superd itself", "[daemon]") {
  World world;
  world.occurrences.begin_above(40);
  world.occurrences.note_other(Kind::daemon_started, "", "", world.now);
  world.occurrences.note_trigger("web", "schedule", world.now);
  world.happen(core::ShutdownRequested{.cause = "signal TERM"});
  world.happen(core::ShutdownRequested{.cause = "signal TERM"});
  CHECK(world.take() == Told{"daemon.started ", "trigger.fired web", "daemon.stopping "});
  CHECK(world.views.at(0).id == 41);
  CHECK(world.views.at(1).cause == "schedule");
  CHECK(world.views.at(2).cause == "signal TERM");
}

}  // namespace superd::daemon
