#pragma once

#include <cstdint>

#include "os/spawn_plan.h"

namespace superd::os {

// What the child writes into the exec-status pipe when a step fails.
struct ExecStatusRecord {
  std::int32_t stage = 0;
  std::int32_t code = 0;
  std::int32_t detail = 0;
};

// The child's side: does the steps of Stage in their order and becomes the program. Called after
// clone or fork with all signals blocked; uses raw system calls only, allocates nothing.
[[noreturn]] void run_spawned_child(SpawnPlan& plan);

}  // namespace superd::os
