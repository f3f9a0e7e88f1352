#include <utility>

#include <catch2/catch.hpp>

#include "daemon/roll_text.h"
#include "daemon/rolls.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

using core::CommandId;
using core::RollResult;
using core::RollStep;
using core::SpawnId;
using Kind = core::RollStep::Kind;
using Lines = std::vector<std::string>;

// The object under test, with output that comes when the test says so.
struct World {
  using OnLines = std::function<void(std::optional<std::vector<logs::Line>>)>;

  World()
      : rolls([this](SpawnId spawn, OnLines done) { asked.emplace_back(spawn, done); },
              [this] { ++outputs; },
              [this](const std::string& key, std::string text) { kept[key] = std::move(text); }) {}

  void ask(std::uint64_t id, const std::string& action, int worker = 0, pid_t asker = 0) {
    rolls.ask(CommandId{id},
              {.action = action,
               .target = {.group = "web", .worker = worker},
               .cause = "command uid=0 pid=5",
               .workers = worker == 0 ? 4 : 1,
               .asker = asker},
              now);
  }
  void begin(std::uint64_t id, int generation = 8) {
    rolls.note(core::RollBegan{.roll = CommandId{id},
                               .group = "web",
                               .cause = "command uid=0 pid=5",
                               .generation = generation,
                               .workers = 4},
               now);
  }
  void step(std::uint64_t id, Kind kind, int worker, std::string message = "") {
    RollStep step;
    step.roll = CommandId{id};
    step.group = "web";
    step.kind = kind;
    step.worker = worker;
    step.message = std::move(message);
    step.spawn = SpawnId{100U + static_cast<unsigned>(worker)};
    step.pid = 800 + worker;
    rolls.note(step, now);
  }
  void end(std::uint64_t id, RollResult result, std::string message = "") {
    rolls.note(core::RollEnded{.roll = CommandId{id},
                               .group = "web",
                               .result = result,
                               .generation = result == RollResult::done ? 8 : 7,
                               .message = std::move(message)},
               now);
  }
  void answer(std::uint64_t id, std::uint64_t roll, bool ok,
              std::vector<core::WorkerOutcome> workers = {}, std::string message = "") {
    core::Answer answer;
    answer.command = CommandId{id};
    answer.roll = CommandId{roll};
    answer.group = "web";
    answer.ok = ok;
    answer.message = std::move(message);
    answer.workers = std::move(workers);
    rolls.note(answer, now);
  }
  void write(const std::string& text) {
    for (auto& [spawn, done] : std::exchange(asked, {})) {
      logs::Line line;
      line.text = text;
      done(std::vector{line});
    }
  }
  wire::RollView view(std::uint64_t id, std::uint64_t after = 0) const {
    const auto view = rolls.view(CommandId{id}, after);
    REQUIRE(view);
    return *view;
  }

  Rolls::Time now{std::chrono::seconds(1'000'000)};
  std::vector<std::pair<SpawnId, OnLines>> asked;
  int outputs = 0;
  std::map<std::string, std::string> kept;  // for a later supervisor
  Rolls rolls;
};

Lines messages(const wire::RollView& view) {
  Lines lines;
  for (const auto& step : view.steps) lines.push_back(step.worker + ": " + step.message);
  return lines;
}

TEST_CASE("rolls: a good roll tells each step in words, and that it is done", "[daemon]") {
  World w;
  w.ask(12, "restart");
  w.begin(12);
  w.step(12, Kind::ready, 1);
  w.step(12, Kind::gone, 1);
  CHECK(w.view(12).state == "running");
  CHECK_FALSE(w.view(12).result);
  CHECK(w.view(12).replaced == 1);
  w.step(12, Kind::ready, 2);
  w.end(12, RollResult::done);
  w.answer(12, 12, true);
  const auto view = w.view(12);
  CHECK(view.state == "finished");
  CHECK(view.result == "done");
  CHECK(view.generation == 8);
  CHECK(view.message.empty());
  CHECK(messages(view) == Lines{"web.1: new process 801 is ready, 1 of 4 replaced",
                                "web.1: the process that it replaced is gone",
                                "web.2: new process 802 is ready, 2 of 4 replaced"});
  CHECK(w.rolls.complete(CommandId{12}));
}

TEST_CASE("rolls: a failed one names the worker, how it ended and its last lines", "[daemon]") {
  World w;
  w.ask(12, "restart");
  w.begin(12);
  w.step(12, Kind::failed, 1, "exited with status 1 before it was ready");
  w.step(12, Kind::gone, 1);
  CHECK(messages(w.view(12)).back() == "web.1: the new process is gone");
  w.end(12, RollResult::rolled_back, "web.1 exited with status 1 before it was ready");
  w.answer(12, 12, false,
           {{.number = 1,
             .ok = false,
             .message = "exited with status 1 before it was ready",
             .exit = core::Exit{.kind = core::Exit::Kind::exited, .value = 1, .reason = {}}},
            {.number = 2, .ok = false, .message = "was left as it was"}});
  CHECK_FALSE(w.rolls.complete(CommandId{12}));
  w.write("ImportError");
  CHECK(w.rolls.complete(CommandId{12}));
  CHECK(w.outputs > 0);
  const auto view = w.view(12);
  CHECK(view.state == "aborted");
  CHECK(view.result == "rolled-back");
  CHECK(view.message ==
        "rolled back: the old recipe (generation 7) serves on; nothing was changed");
  REQUIRE(view.failed.size() == 1);
  CHECK(view.failed[0].name == "web.1");
  CHECK(view.failed[0].exit->code == 1);
  CHECK(view.failed[0].output == Lines{"ImportError"});
}

TEST_CASE("rolls: the message of a failed one says what became of the site", "[daemon]") {
  World w;
  w.begin(1);
  w.step(1, Kind::ready, 1);
  w.step(1, Kind::ready, 2);
  w.step(1, Kind::failed, 3, "exited with status 1 before it was ready");
  w.step(1, Kind::returned, 2);
  w.step(1, Kind::returned, 1);
  w.end(1, RollResult::rolled_back);
  CHECK(w.rolls.message(CommandId{1}) == "rolled back: 2 workers went back to generation 7");
  CHECK(w.view(1).replaced == 0);
  w.begin(2);
  w.end(2, RollResult::mixed, "mixed: 1 worker by generation 8");
  CHECK(w.rolls.message(CommandId{2}) == "mixed: 1 worker by generation 8");
  w.begin(3);
  w.end(3, RollResult::stopped, "the group was stopped");
  CHECK(w.rolls.message(CommandId{3}) == "stopped: the group was stopped");
  CHECK(w.view(3).result == "stopped");
  w.begin(4);
  w.step(4, Kind::failed, 0, "roll.before exited with status 1");
  w.end(4, RollResult::rolled_back);
  CHECK(w.rolls.message(CommandId{4}) ==
        "rolled back: roll.before exited with status 1; the old recipe (generation 7) serves on; "
        "nothing was changed");
}

TEST_CASE("rolls: a request that was joined to another's is told by that one's roll", "[daemon]") {
  World w;
  w.begin(12);
  w.ask(13, "restart", 0, 50);
  w.ask(14, "restart", 0, 60);
  CHECK(w.view(13).waits_for == 12U);
  CHECK(w.view(13).state == "running");
  w.rolls.join(CommandId{14}, CommandId{13});
  CHECK(w.rolls.serving(CommandId{14}) == CommandId{13});
  CHECK(w.view(14).id == 13);
  CHECK(w.rolls.asked_by(60) == std::vector{CommandId{13}});
  w.end(12, RollResult::done);
  w.begin(13, 9);
  CHECK_FALSE(w.view(14).waits_for);
  w.end(13, RollResult::done);
  w.answer(13, 13, true);
  w.answer(14, 13, true);
  CHECK(w.view(14).state == "finished");
  CHECK(w.rolls.asked_by(60).empty());
}

TEST_CASE("rolls: a restart that waited and was overtaken by a stop is stopped", "[daemon]") {
  World w;
  w.begin(12);
  w.ask(13, "restart");
  w.answer(13, 13, false, {}, "the group was stopped");
  CHECK(w.view(13).result == "stopped");
  CHECK(w.view(13).message == "the group was stopped");
}

TEST_CASE("rolls: a start, a stop and a restart of a worker can be asked for as well", "[daemon]") {
  World w;
  w.ask(1, "stop");
  CHECK(w.view(1).state == "running");
  CHECK_FALSE(w.view(1).worker);
  w.answer(1, 1, true, {{.number = 1}});
  CHECK(w.view(1).result == "done");
  w.ask(2, "restart", 2);
  CHECK(w.view(2).worker == "web.2");
  w.answer(2, 2, false,
           {{.number = 2, .ok = false, .message = "is no program", .spawn = SpawnId{7}}});
  w.write("no");
  CHECK(w.view(2).result == "failed");
  CHECK(w.view(2).state == "aborted");
  CHECK(w.view(2).failed.at(0).message == "is no program");
  CHECK(w.view(2).failed.at(0).output == Lines{"no"});
  CHECK_FALSE(w.rolls.last_of("web"));
}

TEST_CASE("rolls: the last hundred are kept, all that go on, and each group's last roll",
          "[daemon]") {
  World w;
  w.begin(1);
  w.end(1, RollResult::done);
  w.ask(2, "stop");
  for (std::uint64_t id = 3; id < 203; ++id) {
    w.ask(id, "stop");
    w.answer(id, id, true);
  }
  CHECK(w.rolls.view(CommandId{1}));
  CHECK(w.view(2).state == "running");
  CHECK_FALSE(w.rolls.view(CommandId{102}));
  CHECK(w.rolls.view(CommandId{103}));
  CHECK(w.rolls.all().size() == 102);
  CHECK(w.rolls.complete(CommandId{102}));
  CHECK(w.rolls.group_of(CommandId{102}).empty());
}

TEST_CASE("rolls: of a roll of thousands of workers the steps in the middle are left out",
          "[daemon]") {
  World w;
  w.begin(1);
  for (int worker = 1; worker <= 5000; ++worker) w.step(1, Kind::ready, worker);
  const auto view = w.view(1);
  CHECK(view.steps.size() == Rolls::kFirstSteps + Rolls::kLastSteps);
  CHECK(view.left_out == 5000 - view.steps.size());
  CHECK(view.steps.front().worker == "web.1");
  CHECK(view.steps.back().worker == "web.5000");
}

TEST_CASE("rolls: steps are numbered, so that one can ask for the new ones alone", "[daemon]") {
  World w;
  w.begin(1);
  w.step(1, Kind::ready, 1);
  w.step(1, Kind::ready, 2);
  const std::uint64_t first = w.view(1).steps.at(0).number;
  REQUIRE(w.view(1, first).steps.size() == 1);
  CHECK(w.view(1, first).steps.at(0).worker == "web.2");
}

TEST_CASE("rolls: a later supervisor tells of them what the one before it told", "[daemon]") {
  World before;
  before.begin(1);
  before.step(1, Kind::ready, 1);
  before.rolls.note(core::RollEnded{.roll = CommandId{1},
                                    .group = "web",
                                    .result = core::RollResult::rolled_back,
                                    .generation = 7,
                                    .message = "web.1 exited with status 1"},
                    before.now);
  before.begin(2, 9);
  before.step(2, Kind::ready, 3);
  World after;
  for (const auto& [key, text] : before.kept) {
    if (!text.empty()) after.rolls.restore(key, text);
  }
  for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{2}}) {
    CHECK(wire::to_text(after.view(id)) == wire::to_text(before.view(id)));
  }
  CHECK(after.rolls.last_of("web") == CommandId{2});
  after.step(2, Kind::ready, 4);
  CHECK(after.view(2).steps.size() == 2);
  CHECK(after.view(2).replaced == 2);
  CHECK(after.view(2).steps.back().number > before.view(2).steps.back().number);
  after.rolls.restore("roll/7/00000000000000000000", "{");
  after.rolls.restore("roll/x", "{}");
  CHECK(after.rolls.all().size() == 2);
}

}  // namespace
}  // namespace superd::daemon
