#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/handover.h"
#include "os/process.h"

namespace superd::keeper {

// The exit status that proves it. No program that knows nothing of this ends so: not with success,
// nor with what sysexits(3) and shells have.
inline constexpr int kCanResume = 83;

// One attempt to become another program. That one is told by its command line, behind what the
// keeper's own one has: `--check-resume 3` to read a Handover from descriptor 3 and end with
// kCanResume if it can go on with that, `--resume FD` to do so.
class Upgrade {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Opens the program and has it check the state. Fails where it cannot be executed.
  static Result<Upgrade> begin(const std::string& path, std::vector<std::string> argv,
                               const Handover& handover, TimePoint deadline);

  [[nodiscard]] pid_t checker() const { return checker_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  // The checker was reaped. True: it can read the state.
  [[nodiscard]] bool checked(const os::Exit& exit);
  [[nodiscard]] bool proven() const { return proven_; }
  // The checker, if it still runs, is killed; it is reaped like any orphan.
  void give_up() const;

  // Executes the program, with the descriptors of the state open in it. Comes back only to say why
  // not; then all is as before.
  [[nodiscard]] Error replace_this_process(const Handover& handover) const;

 private:
  Upgrade(UniqueFd program, std::vector<std::string> argv, TimePoint deadline)
      : program_(std::move(program)), argv_(std::move(argv)), deadline_(deadline) {}

  UniqueFd program_;
  std::vector<std::string> argv_;
  TimePoint deadline_;
  pid_t checker_ = -1;
  bool proven_ = false;
};

}  // namespace superd::keeper
