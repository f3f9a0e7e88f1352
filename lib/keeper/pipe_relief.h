#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/unique_fd.h"
#include "keeper/item_store.h"

namespace superd::keeper {

// The items `out/SPAWN/WORKER`: handles for reading and writing of the pipes that workers write to.
// Others are never touched: pipes whose worker is to wait rather than lose anything, and those
// behind them, `transit/…`, where who touches them hangs where the disk does.
inline constexpr const char* kOutputPrefix = "out/";

// Throws away the older half of what is in the pipe if it is nearly full (three quarters, or so
// that a writer has to wait), so that no writer stands. Returns the bytes thrown away. Only while
// nobody else reads the pipe. Never waits.
std::size_t relieve_pipe(int pipe_fd);

// What the keeper does to the workers' output while the logger is away, and what it cost.
class PipeRelief {
 public:
  // Looks at all output pipes; returns the bytes thrown away. What is lost is logged: that it
  // begins, here; how much, by back().
  std::uint64_t relieve(const ItemStore& items);
  // The logger reads again: the bytes that each item has lost meanwhile.
  std::map<std::string, std::uint64_t> back();

 private:
  std::map<std::string, std::uint64_t> lost_;
};

}  // namespace superd::keeper
