#include <catch2/catch.hpp>

#include "daemon/next_steps.h"

namespace superd::daemon {
namespace {

using namespace std::chrono_literals;

const core::TimePoint kNow{1000s};

core::Group group_of(int workers) {
  core::Group group;
  group.name = "web";
  for (int number = 1; number <= workers; ++number) {
    core::Worker worker;
    worker.ref = {.group = "web", .number = number};
    worker.state = core::WorkerState::ready;
    worker.life = core::Life{};
    group.workers.push_back(worker);
  }
  core::Roll roll;
  roll.id = core::CommandId{12};
  group.roll = roll;
  return group;
}

core::Life life(std::int64_t pid, core::TimePoint deadline) {
  core::Life life;
  life.pid = pid;
  life.generation = 8;
  life.deadline = deadline;
  return life;
}

}  // namespace

TEST_CASE("next: a roll says whose new process it waits for, how long, and what follows",
          "[daemon]") {
  core::Group group = group_of(3);
  group.roll->in_hand = {1};
  group.roll->waiting = {2, 3};
  group.workers[0].next = life(812, kNow + 42s);
  CHECK(next_step(group, kNow) ==
        "roll 12 waits for web.1: new process 812 to be ready (at most 42s more); 2 workers after "
        "that");
  group.next_roll = core::NextRoll{};
  group.next_roll->ids = {core::CommandId{13}};
  CHECK(next_step(group, kNow).ends_with("; 2 workers after that; then roll 13"));
}

TEST_CASE("next: a roll says which old process it waits for", "[daemon]") {
  core::Group group = group_of(2);
  group.workers[1].draining = {life(700, kNow + 5s)};
  group.roll->phase = core::Roll::Phase::ending;
  group.roll->leaving = {{group.workers[1].draining[0].spawn, 2}};
  CHECK(next_step(group, kNow) ==
        "roll 12 waits for web.2: old process 700 to end (at most 5s more)");
}

TEST_CASE("next: a roll waits for roll.before, and of many workers names a few", "[daemon]") {
  core::Group group = group_of(5);
  group.roll->phase = core::Roll::Phase::before;
  CHECK(next_step(group, kNow) == "roll 12 waits for roll.before");
  group.roll->phase = core::Roll::Phase::replacing;
  group.roll->in_hand = {1, 2, 3, 4, 5};
  for (core::Worker& worker : group.workers) worker.queued = true;
  CHECK(next_step(group, kNow).ends_with("web.3: its turn (superd.max_starting), 2 more"));
  group.roll.reset();
  CHECK(next_step(group, kNow).empty());
}

TEST_CASE("next: a group without a worker says what starts it", "[daemon]") {
  core::Group group = group_of(1);
  group.roll.reset();
  group.demand = core::Demand{};
  CHECK(next_step(group, kNow) == "the next connection starts its workers");
  group.demand->recipe = core::Demand::Recipe::anew;
  CHECK(next_step(group, kNow) == "the next connection starts its workers");
  group.in_force = 7;
  CHECK(next_step(group, kNow) == "the next connection starts its workers, by a new generation");
}

TEST_CASE("next: a worker that serves says how long an old process may still take", "[daemon]") {
  core::Worker worker = group_of(1).workers[0];
  worker.draining = {life(700, kNow + 31s)};
  CHECK(next_step(worker, kNow) == "waits for old process 700 to end (at most 31s more)");
}

TEST_CASE("next: a worker that stops says when it is killed, and that it was", "[daemon]") {
  core::Worker worker = group_of(1).workers[0];
  worker.state = core::WorkerState::stopping;
  worker.life = life(700, kNow + 28s);
  CHECK(next_step(worker, kNow) ==
        "stops, or is killed when stop.timeout is over (at most 28s more)");
  worker.life->kills = 1;
  CHECK(next_step(worker, kNow) ==
        "it was killed, and stops when the kernel lets go of its processes");
  worker.afterwards = core::Afterwards::respawn;
  CHECK(next_step(worker, kNow) ==
        "it was killed, and starts again when the kernel lets go of its processes");
  worker.life->kills = 0;
  CHECK(next_step(worker, kNow) == "starts again when the old process is gone (at most 28s more)");
}

TEST_CASE("next: a worker tells of the new process that starts beside it", "[daemon]") {
  core::Worker worker = group_of(1).workers[0];
  CHECK(successor_text(worker).empty());
  CHECK(next_step(worker, kNow).empty());
  worker.next = life(812, kNow + 3s);
  CHECK(successor_text(worker) == "new process 812 of generation 8 is starting");
  CHECK(next_step(worker, kNow) ==
        "new process 812 of generation 8 is ready or fails (at most 3s more); then the old one "
        "leaves or stays");
}

}  // namespace superd::daemon
