#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::keeper {

// No signal blocked, none ignored or handled: neither survives the program that started superd (a
// mask and SIG_IGN pass through exec). Async-signal-safe.
void clear_signal_state();

// Takes the keeper's signals off their default effect: CHLD and all that are forwarded (TERM, INT,
// HUP, USR1, USR2, WINCH, RTMIN to RTMAX) are blocked and come from the signalfd returned
// (non-blocking, close-on-exec); PIPE is ignored.
Result<UniqueFd> take_signals();

struct ArrivedSignal {
  int number = 0;
  pid_t sender = 0;  // 0: the kernel (a terminal)
  uid_t sender_uid = 0;
};
// All that have arrived; never waits.
std::vector<ArrivedSignal> read_signals(int signal_fd);

}  // namespace superd::keeper
