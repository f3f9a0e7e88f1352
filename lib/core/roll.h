#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/effect.h"
#include "core/event.h"

namespace superd::core {

// A restart of the whole group by a new recipe. The first worker alone is the canary, then `batch`
// at a time: by the strategy `rolling` a new process starts beside the old one, the old one is
// asked to leave when the new one is ready, and the worker's place in the batch is free when the
// old tree is gone (or has had kPatience). Where nothing serves at the beginning, all start at
// once.
//
//   before ──► replacing ──► ending ──► over           done
//                  │ a new process fails
//                  ▼
//              replacing, nothing more begins
//                  ├──► ending                         rolled_back: nothing was replaced; or mixed
//                  └──► returning ──► ending           rolled_back; mixed: the old one fails too
//
// Those go back that were replaced, by the group's own strategy, after those that the failure has
// left without a process: a roll that says `rolled_back` has seen every worker serve again.
//
// The generation in force changes when the last worker is replaced; a roll that fails burns its
// number.
struct Roll {
  enum class Phase {
    before,     // roll.before or the rehearsal runs
    replacing,  // by the new recipe
    returning,  // replaced workers go back to the old recipe
    ending,     // old processes still drain
  };

  CommandId id{};
  std::vector<CommandId> also;  // later requests that this roll serves
  int generation = 0;
  std::string cause;
  SpecPtr spec_before;  // the group's configuration, where the roll brings a new one; else null
  Phase phase = Phase::replacing;
  Preparation preparation = Preparation::command;  // that runs in the phase `before`
  RollStrategy strategy = RollStrategy::rolling;
  int batch = 1;
  bool canary_passed = false;

  std::deque<int> waiting;         // workers whose turn comes in this phase
  std::set<int> in_hand;           // being restarted; a worker that is stopped leaves the roll
  std::set<int> replaced;          // by the new recipe, and not returned
  int returned = 0;                // workers that serve by the old recipe again
  std::map<int, SpawnId> holding;  // replaced, but their old process still takes a place
  std::map<SpawnId, int> leaving;  // old and failed processes that the end of the roll waits for

  std::map<int, WorkerOutcome> outcomes;
  std::string aborted;              // why it ends early; empty: it does not
  std::vector<std::string> output;  // of the preparation, where that failed
  RollResult result = RollResult::done;
};

// So long an old process that does not end holds up the next step; then it delays its own worker
// alone. Most graceful stops measured in RUNNERS.md take less than half of it.
inline constexpr Duration kPatience = std::chrono::seconds(5);

// Requests that came during a roll: they make exactly one more after it.
struct NextRoll {
  std::vector<CommandId> ids{};
  std::string cause{};
  SpecPtr spec{};  // a new configuration that it brings; else null
  Pace pace = Pace::in_turn;
  std::set<int> without{};  // workers that were stopped since
};

}  // namespace superd::core
