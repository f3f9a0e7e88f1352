#pragma once

#include <cstddef>

#include <sys/types.h>

// Bytes on their way from pipe to pipe within the kernel. Nothing here waits: not for bytes, nor
// for room. A pipe that a splice to or from a disk is going on with holds up whoever touches it.
namespace superd::os {

// At most `most` bytes, whatever of them there is and fits. Either end may be another file than a
// pipe. 0: nobody can write to `from` any more; -1: errno, EAGAIN where there is nothing or no
// room.
ssize_t splice(int from, int to, std::size_t most);

// The same, and leaves in `from` what it copies to the empty pipe `to`.
ssize_t tee(int from, int to, std::size_t most);

// What is in the pipe.
std::size_t bytes_in(int pipe);

// Takes at most so many bytes out of the pipe, and returns how many.
std::size_t throw_away(int pipe, std::size_t bytes);

}  // namespace superd::os
