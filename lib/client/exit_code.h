#pragma once

#include "base/result.h"

namespace superd::client {

// What superctl tells a script, as promised in superctl(1).
enum class ExitCode {
  done = 0,
  failed = 1,  // tried and failed; not superd's process
  usage = 2,
  not_running = 3,  // status and wait: a group is not as it is asked to be
  no_such_name = 4,
  unreachable = 5,
  not_permitted = 6,
  timed_out = 7,  // the work goes on
  interrupted = 130,
};

// The one code for several outcomes, the one that needs attention first: interrupted, usage,
// unreachable, not_permitted, no_such_name, failed, timed_out, not_running, done.
ExitCode worst(ExitCode a, ExitCode b);

// For an answer of superd that is not a success (a 2xx is done).
ExitCode exit_code_of_status(int http_status);

// For a call that got no answer, by Error::code: EACCES and EPERM are not_permitted, ETIMEDOUT is
// timed_out, EINTR is interrupted, ENOENT, ECONNREFUSED and whatever else ends a connection is
// unreachable, 0 is failed.
ExitCode exit_code_of(const Error& error);

}  // namespace superd::client
