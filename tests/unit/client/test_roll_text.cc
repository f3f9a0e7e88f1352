#include <algorithm>

#include <catch2/catch.hpp>

#include "roll_text.h"

namespace superd::superctl {
namespace {

wire::RollView roll() {
  return {.id = 12, .action = "restart", .group = "web", .workers = 4, .replaced = 1};
}

}  // namespace

TEST_CASE("roll: a line for each step that is finished", "[superctl]") {
  CHECK(step_line(roll(), {.worker = "web.1",
                           .kind = "ready",
                           .message = "new process 812 is ready, 2 of 4 replaced"}) ==
        "web.1: new process 812 is ready, 2 of 4 replaced");
  CHECK(step_line(roll(), {.kind = "before-done", .message = "roll.before exited with 0"}) ==
        "web: roll.before exited with 0");
  CHECK(step_line(roll(), {.worker = "web.1", .kind = "starting", .message = "x"}).empty());
  CHECK(step_line(roll(), {.worker = "web.1", .kind = "gone", .message = "x"}).empty());
}

TEST_CASE("roll: what a later superd invents as a step is told as well", "[superctl]") {
  CHECK(step_line(roll(), {.worker = "web.1", .kind = "blessed", .message = "is\x1b blessed"}) ==
        "web.1: is\\x1b blessed");
}

TEST_CASE("roll: while it goes on, how far it is and what it does", "[superctl]") {
  auto view = roll();
  CHECK(now_line(view) == "web: 1 of 4 replaced");
  view.steps = {{.worker = "web.2", .kind = "starting", .message = "a new process starts"}};
  CHECK(now_line(view) == "web: 1 of 4 replaced; web.2: a new process starts");
  view.steps = {{.worker = "web.1", .kind = "ready", .message = "x"}};
  CHECK(now_line(view) == "web: 1 of 4 replaced; web.1: its old process leaves");
  view.waits_for = 11;
  CHECK(now_line(view) == "web: waits for roll 11");
}

TEST_CASE("roll: of a long story the end is told", "[superctl]") {
  auto view = roll();
  for (int i = 0; i < 30; ++i) view.steps.push_back({.time = "t", .message = "step"});
  view.left_out = 70;
  const std::string story = roll_story(view);
  CHECK(story.find("(80 steps before)") != std::string::npos);
  CHECK(std::ranges::count(story, '\n') == 1 + 1 + 20);
}

}  // namespace superd::superctl
