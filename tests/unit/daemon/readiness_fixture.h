#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "daemon/tracker.h"

// What the tests of readiness share: a tracker that is told its trees, and processes that do as
// they are told.
namespace superd::daemon::test {

// Every tree is what it was told, and no process.
class ToldTracker : public Tracker {
 public:
  std::vector<pid_t> tree;
  int looks = 0;
  std::function<void()> on_look = [] {};

  [[nodiscard]] std::string name() const override { return "told"; }
  [[nodiscard]] std::string description() const override { return "told"; }
  Result<UniqueFd> prepare(core::SpawnId) override { return UniqueFd(); }
  void started(core::SpawnId, const os::ProcessId&) override {}
  std::vector<pid_t> members(core::SpawnId) override {
    ++looks;
    on_look();
    return tree;
  }
  std::optional<core::SpawnId> owner(pid_t) override { return std::nullopt; }
  std::vector<pid_t> unknown() override { return {}; }
  void before_stop(core::SpawnId) override {}
  void signal(core::SpawnId, int) override {}
  void kill(core::SpawnId) override {}
  void watch_end(core::SpawnId, std::function<void()>) override {}
  void forget(core::SpawnId) override {}
  void close() override {}
};

// A forked process that waits for go(), then does its part, then sleeps for ever. Killed with the
// object.
class Puppet {
 public:
  explicit Puppet(const std::function<void()>& part);
  ~Puppet();
  Puppet(const Puppet&) = delete;
  Puppet& operator=(const Puppet&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void go();

 private:
  pid_t pid_ = -1;
  UniqueFd strings_;
};

// A listening socket of 127.0.0.1, or of a path.
UniqueFd listen_on_loopback();
UniqueFd listen_on_path(const std::string& path);

// Runs the part in a child, as an ordinary user where the tests run as root; its text.
std::string as_ordinary_user(const std::function<std::string()>& part);

}  // namespace superd::daemon::test
