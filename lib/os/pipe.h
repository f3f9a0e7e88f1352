#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::os {

// Both ends close-on-exec.
struct Pipe {
  UniqueFd read;   // non-blocking
  UniqueFd write;  // blocking
};
Result<Pipe> make_pipe();

}  // namespace superd::os
