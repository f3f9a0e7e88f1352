#include "daemon/orphan_hooks.h"

#include <charconv>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "daemon/hook_tree.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/process.h"

namespace superd::daemon {
namespace {

constexpr std::string_view kItem = "hook/";

}  // namespace

struct OrphanHooks::One {
  One(loop::Loop& loop, pid_t number, UniqueFd fd, std::function<void()> on_time)
      : pid(number), pidfd(std::move(fd)), timer(loop, std::move(on_time)) {}

  pid_t pid;
  UniqueFd pidfd;
  std::optional<loop::Poll> poll;  // ends before its descriptor
  loop::Timer timer;
};

std::string OrphanHooks::item_of(pid_t pid) { return std::string(kItem) + std::to_string(pid); }

std::optional<pid_t> OrphanHooks::pid_of(std::string_view item) {
  if (!item.starts_with(kItem)) return std::nullopt;
  const char* end = item.data() + item.size();
  pid_t pid = 0;
  const auto [rest, error] = std::from_chars(item.data() + kItem.size(), end, pid);
  return error == std::errc() && rest == end ? std::optional(pid) : std::nullopt;
}

OrphanHooks::OrphanHooks(loop::Loop& loop, core::Duration timeout,
                         std::function<void(pid_t pid)> over)
    : loop_(loop), timeout_(timeout), over_(std::move(over)) {}

OrphanHooks::~OrphanHooks() = default;

void OrphanHooks::adopt(pid_t pid, UniqueFd pidfd) {
  if (os::has_ended(pidfd.get())) return over_(pid);
  auto one = std::make_unique<One>(loop_, pid, std::move(pidfd), [this, pid] {
    log::warn("hook: process {} of an earlier supervisor did not end within {}, and is killed", pid,
              print_duration(timeout_));
    kill(*all_.at(pid));
  });
  auto poll = loop::Poll::readable(loop_, one->pidfd.get(), [this, pid] { on_end(pid); });
  // Where its end cannot be seen it has no more time.
  if (!poll) {
    kill(*one);
    return over_(pid);
  }
  one->poll.emplace(std::move(*poll));
  one->timer.after(timeout_);
  all_[pid] = std::move(one);
}

void OrphanHooks::on_end(pid_t pid) {
  // Its own callback ends with it.
  const auto ended = all_.extract(pid);
  if (!ended.empty()) over_(pid);
}

// A pidfd that has not ended names the process that has this PID.
void OrphanHooks::kill(const One& one) {
  if (os::has_ended(one.pidfd.get())) return;
  kill_below_hook(one.pid);
  (void)os::signal_pidfd(one.pidfd.get(), SIGKILL);
}

void OrphanHooks::abandon() {
  for (const auto& [pid, one] : all_) kill(*one);
}

}  // namespace superd::daemon
