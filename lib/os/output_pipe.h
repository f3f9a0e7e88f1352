#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::os {

// The pipe that a worker writes its output to. Whoever holds both ends keeps it alive: neither the
// death of the logger nor that of the supervisor shows in the worker.
struct OutputPipe {
  // Non-blocking, close-on-exec.
  UniqueFd read;
  // Blocking, close-on-exec. Opened for reading and writing, so that a worker which has it as
  // stdout is its own reader and never gets SIGPIPE.
  UniqueFd write;
};
// 1 MiB for root; the kernel's default size for others, whose pipes share one quota of pages.
Result<OutputPipe> make_output_pipe();

// A pipe in one handle for both ends, which no worker has: what the logger has taken of a worker's
// pipe is in it until it is in the file. Its size is that of an output pipe. Non-blocking,
// close-on-exec.
Result<UniqueFd> make_transit_pipe();

}  // namespace superd::os
