#pragma once

#include <cstdint>
#include <vector>

#include "core/spec.h"

namespace superd::core {

// How long a worker that keeps dying waits before its next respawn, and when superd gives it up.
//
// A life is healthy when the worker was ready for `reset_after`: it forgets all failures before it,
// and the respawn after it is immediate. Every other life is a failure; the n-th in a row waits
// min * factor^(n-1), give or take jitter, but never longer than max.
struct Failures {
  int in_a_row = 0;
  // When the latest failures were, as many as give_up looks at.
  std::vector<TimePoint> recent;
};

struct NextAttempt {
  enum class Kind { respawn, give_up };
  Kind kind = Kind::respawn;
  Duration delay{0};
};

// A life ended that had been ready for `ready_for` (zero: it never was). `seed` spreads the jitter:
// equal seeds, equal delays.
NextAttempt after_life(Failures& failures, Duration ready_for, const RespawnSpec& respawn,
                       std::uint64_t seed, TimePoint now);

// No life began, for a shortage of the machine's: waits as after a failure, and is never given up.
Duration after_shortage(Failures& failures, const BackoffSpec& backoff, std::uint64_t seed);

}  // namespace superd::core
