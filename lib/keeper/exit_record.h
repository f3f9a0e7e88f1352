#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "os/process.h"

namespace superd::keeper {

// The end of a process that had come home to the keeper and was reaped by it. Written whole into
// the `exits` pipe, so that the supervisor of now or of later reads it.
struct ExitRecord {
  os::ProcessId process;
  os::Exit exit;
};

inline constexpr std::size_t kExitRecordSize = 16;

std::array<char, kExitRecordSize> encode(const ExitRecord& record);
ExitRecord decode_exit(const std::array<char, kExitRecordSize>& bytes);

// What is in the pipe now, oldest first; at most `limit` records a call. Never waits (the pipe is
// non-blocking); empty: nothing now.
Result<std::vector<ExitRecord>> read_exits(int pipe_fd, std::size_t limit);

}  // namespace superd::keeper
