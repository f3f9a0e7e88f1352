#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "os/listen_sight.h"

namespace superd::os {

// One process, looked at once, by whoever the thread is at the moment.
class ProcessSight {
 public:
  struct Question {
    const std::string& proc;
    const CallNumbers& calls;
    std::span<const Listener> listeners;
    std::span<const std::uint64_t> accepted;  // ascending; empty where nobody asks for them
    ListenSight::Depth depth = ListenSight::Depth::fast;
  };
  ProcessSight(pid_t pid, const Question& question);

  Sight::Sign look();
  // What could not be read in look().
  [[nodiscard]] const std::optional<Hidden>& hidden() const { return hidden_; }

 private:
  bool thread_waits(int tid);
  bool waits_in(const BlockedCall& call, int tid);
  bool polls_again(int tid);
  bool epoll_watches(int fd, int level);
  bool any_is_listener(const std::vector<int>& fds);
  bool holds_accepted();

  std::optional<std::string> read(const std::string& path);
  std::string link(int fd);
  std::vector<std::byte> memory(std::uint64_t address, std::size_t size);
  std::vector<int> numbers_in(const std::string& directory);
  void not_read(const std::string& path, int code);

  pid_t pid_;
  const Question& question_;
  std::string directory_;  // `/proc/812`
  std::optional<Hidden> hidden_;
};

// The entries of a directory that are numbers, in no order.
Result<std::vector<int>> numbered_entries(const std::string& directory);

}  // namespace superd::os
