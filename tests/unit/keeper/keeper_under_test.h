#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"

namespace superd::keeper::test {

// Asks until the answer is yes; no after 30 seconds.
bool wait_until(const std::function<bool()>& condition);

// As /proc has it: `T`, `Z` …; a space when the process is gone.
char state(pid_t pid);

// A real keeper in a process of its own, with the children of stand_in.cc and a runtime directory
// that is removed at the end, as are all its processes.
class KeeperUnderTest {
 public:
  // `environment`: NAME=VALUE, for the keeper. `given`: descriptors that it gets from 3 on, with
  // LISTEN_PID and LISTEN_FDS; borrowed.
  explicit KeeperUnderTest(const std::vector<std::string>& environment = {},
                           const std::vector<int>& given = {});
  ~KeeperUnderTest();
  KeeperUnderTest(const KeeperUnderTest&) = delete;
  KeeperUnderTest& operator=(const KeeperUnderTest&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string file(const std::string& name) const { return dir_ + "/" + name; }
  [[nodiscard]] int notify_socket() const { return notify_.get(); }

  void signal(int number) const;
  // The lines that the children wrote and that begin with `prefix`.
  [[nodiscard]] std::vector<std::string> events(const std::string& prefix) const;
  // Waits until there are so many; the last of them, or nothing after the limit.
  [[nodiscard]] std::optional<std::string> nth_event(std::size_t n,
                                                     const std::string& prefix) const;
  // The pid in the n-th line `supervisor PID …` (or `logger PID`); 0 after the limit.
  [[nodiscard]] pid_t nth_pid(std::size_t n, const std::string& role) const;
  // The n-th supervisor has got its items.
  [[nodiscard]] bool supervised(std::size_t n) const;

  // What the keeper wrote to whoever waits for the start: a code, or nothing if it only closed.
  [[nodiscard]] std::optional<int> ready_code() const;
  // The next message to the service manager; empty: none within the limit.
  [[nodiscard]] std::string notified(std::chrono::milliseconds limit) const;
  // The descriptor that came with the last one; or none.
  [[nodiscard]] UniqueFd take_stored() { return std::move(stored_); }
  // Waits until the keeper has ended; its wait status, nothing after the limit.
  std::optional<int> wait_for_end();

 private:
  std::string dir_;
  pid_t pid_ = -1;
  UniqueFd ready_;
  UniqueFd notify_;
  mutable UniqueFd stored_;
};

}  // namespace superd::keeper::test
