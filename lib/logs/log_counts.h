#pragma once

#include <atomic>
#include <cstdint>

namespace superd::logs {

// What became of the output of a group's workers.
struct LogCounts {
  std::uint64_t bytes = 0;    // that were written to log files
  std::uint64_t lines = 0;    // that were read, of formats cri and json
  std::uint64_t dropped = 0;  // bytes that never came into a file, as its marker lines tell

  friend bool operator==(const LogCounts&, const LogCounts&) = default;
};

// The same as it is counted, by the loop and the jobs of several files.
struct LogCounter {
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> lines = 0;
  std::atomic<std::uint64_t> dropped = 0;

  [[nodiscard]] LogCounts now() const {
    return {.bytes = bytes, .lines = lines, .dropped = dropped};
  }
};

}  // namespace superd::logs
