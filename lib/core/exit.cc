#include "core/exit.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace superd::core {

std::string describe(const Exit& exit) {
  switch (exit.kind) {
    case Exit::Kind::exited:
      return fmt::format("exited with status {}", exit.value);
    case Exit::Kind::signaled: {
      const char* name = sigabbrev_np(exit.value);
      std::string text = fmt::format("was killed by signal {}", exit.value);
      if (name != nullptr) text += fmt::format(" ({})", name);
      if (!exit.reason.empty()) text += ", " + exit.reason;
      return text;
    }
    case Exit::Kind::never_ran:
      return exit.reason;
    case Exit::Kind::unknown:
      return "ended, and how is not known";
  }
  std::abort();
}

bool is_clean(const Exit& exit, const RespawnSpec& respawn) {
  const auto contains = [&](const std::vector<int>& list) {
    return std::find(list.begin(), list.end(), exit.value) != list.end();
  };
  switch (exit.kind) {
    case Exit::Kind::exited:
      return contains(respawn.clean_statuses);
    case Exit::Kind::signaled:
      return contains(respawn.clean_signals);
    case Exit::Kind::never_ran:
    case Exit::Kind::unknown:
      return false;
  }
  std::abort();
}

std::string in_words(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 1) return fmt::format("{:g}ms", seconds * 1000);
  return fmt::format("{:g}s", seconds);
}

}  // namespace superd::core
