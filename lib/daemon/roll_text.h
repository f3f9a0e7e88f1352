#pragma once

#include <string>

#include "core/effect.h"

// Rolls in words, for whoever is woken by one.
namespace superd::daemon {

// `ready`, `rolled-back`: as they travel.
const char* name(core::RollStep::Kind kind);
const char* name(core::RollResult result);

// How far a roll is after a step.
struct RollCourse {
  enum class Newest { stays, failed };
  int replaced = 0;
  int workers = 0;
  Newest newest = Newest::stays;  // what became of the newest process of the step's worker
};

// What a step is, without the worker's name: `new process 812 is ready, 2 of 4 replaced`.
std::string describe(const core::RollStep& step, RollCourse course);
// What became of a roll, in one sentence: `rolled back: 2 workers went back to generation 7`; empty
// for one that is done. `returned`: how many workers went back; `before_failed`: why roll.before
// did, empty where it did not.
std::string describe(const core::RollEnded& end, int returned, const std::string& before_failed);

}  // namespace superd::daemon
