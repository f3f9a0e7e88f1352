#include "daemon/listening_readiness.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/log.h"

namespace superd::daemon {
namespace {

using loop::Duration;

constexpr std::chrono::milliseconds kInterval{5};
// Every tenth look is a full one.
constexpr unsigned kFullLook = 10;
// Looks are followed by a rest of 25 times what they cost, lists of the trees' processes by one of
// 100 times: 4 % and 1 % of a CPU.
constexpr int kRestAfterLooks = 25;
constexpr int kRestAfterLists = 100;
// So much may one turn of the loop spend on looks: others wait for it.
constexpr std::chrono::milliseconds kTurn{2};
// A process may be hidden for a moment, while it executes another program.
constexpr unsigned kHiddenLooks = 40;

// What this thread has used of a CPU, however busy the machine is.
Duration used_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::vector<os::Listener> listeners_of(const std::vector<int>& sockets, const std::string& worker) {
  std::vector<os::Listener> listeners;
  for (const int fd : sockets) {
    Result<os::Listener> listener = os::listener_of(fd);
    if (listener) {
      listeners.push_back(std::move(*listener));
    } else {
      log::error("{}: a listening socket: {}", worker, listener.error().message);
    }
  }
  return listeners;
}

}  // namespace

// Of listen(2) on one socket.
struct ListeningReadiness::Caller {
  pid_t before = 0;           // when the watch began
  pid_t now = 0;              // a process of the tree that has called it since
  unsigned hidden_looks = 0;  // at that one, in a row
};

struct ListeningReadiness::Watch {
  explicit Watch(Subject what)
      : subject(std::move(what)),
        sight(listeners_of(subject.sockets, core::to_string(subject.worker)),
              {.expected = subject.identity}) {
    for (const int fd : subject.sockets) callers.push_back({.before = os::last_listen_caller(fd)});
  }

  Subject subject;
  os::ListenSight sight;
  std::vector<Caller> callers;  // one a socket
  std::vector<pid_t> members;   // at the last list
  loop::TimePoint due{};
  unsigned looks = 0;
  unsigned hidden_looks = 0;  // in a row
  bool warned = false;
  std::string reason;
};

ListeningReadiness::ListeningReadiness(loop::Loop& loop, Tracker& tracker, OnReady on_ready)
    : tracker_(tracker), on_ready_(std::move(on_ready)), timer_(loop, [this] { look_around(); }) {}

ListeningReadiness::~ListeningReadiness() = default;

void ListeningReadiness::watch(Subject subject) {
  const core::SpawnId spawn = subject.spawn;
  watches_[spawn] = std::make_unique<Watch>(std::move(subject));
  next_list_ = loop::now();
  arm();
}

void ListeningReadiness::unwatch(core::SpawnId spawn) {
  watches_.erase(spawn);
  arm();
}

std::string ListeningReadiness::reason(core::SpawnId spawn) const {
  const auto found = watches_.find(spawn);
  return found == watches_.end() ? "" : found->second->reason;
}

void ListeningReadiness::arm() {
  if (watches_.empty()) return timer_.cancel();
  const auto first = std::min_element(watches_.begin(), watches_.end(), [](auto& a, auto& b) {
    return a.second->due < b.second->due;
  });
  timer_.at(std::max(first->second->due, not_before_));
}

void ListeningReadiness::look_around() {
  const loop::TimePoint now = loop::now();
  const Listed listed = list_trees(now);
  std::vector<Watch*> due;
  for (const auto& [spawn, watch] : watches_) {
    if (watch->due <= now) due.push_back(watch.get());
  }
  std::sort(due.begin(), due.end(), [](Watch* a, Watch* b) { return a->due < b->due; });
  std::vector<core::SpawnId> ready;
  const Duration before = used_cpu();
  Duration spent{};
  for (Watch* watch : due) {
    if (sees(*watch, listed)) ready.push_back(watch->subject.spawn);
    watch->due = now + kInterval;
    spent = used_cpu() - before;
    if (spent >= kTurn) break;
  }
  not_before_ = loop::now() + kRestAfterLooks * spent;
  arm();
  for (const core::SpawnId spawn : ready) {
    // An earlier one's readiness may have ended this watch.
    if (watches_.erase(spawn) == 0) continue;
    arm();
    on_ready_(spawn);
  }
}

ListeningReadiness::Listed ListeningReadiness::list_trees(loop::TimePoint now) {
  if (now < next_list_) return Listed::before;
  const Duration before = used_cpu();
  for (const auto& [spawn, watch] : watches_) watch->members = tracker_.members(spawn);
  const Duration rest = kRestAfterLists * (used_cpu() - before);
  next_list_ = now + std::max<Duration>(kInterval, rest);
  return Listed::now;
}

bool ListeningReadiness::sees(Watch& watch, Listed listed) {
  std::vector<pid_t> pids = watch.members;
  if (listed == Listed::before || pids.empty()) {
    // Children of a moment ago are found where they hang.
    for (const pid_t pid : os::tree_below(watch.subject.main)) {
      if (std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
    }
  }
  const bool full = ++watch.looks % kFullLook == 0;
  const os::Sight sight =
      watch.sight.look(pids, full ? os::ListenSight::Depth::full : os::ListenSight::Depth::fast);
  if (sight.sign != os::Sight::Sign::none) {
    log::debug("{}: process {} {}", core::to_string(watch.subject.worker), sight.pid,
               sight.sign == os::Sight::Sign::waits ? "waits for connections"
                                                    : "has accepted a connection");
    return true;
  }
  note_hidden(watch, sight.hidden);
  return hidden_called_listen(watch, pids);
}

void ListeningReadiness::note_hidden(Watch& watch, const std::optional<os::Hidden>& hidden) {
  watch.hidden_looks = hidden ? watch.hidden_looks + 1 : 0;
  watch.reason = hidden ? os::describe(*hidden) : "";
  if (watch.hidden_looks < kHiddenLooks || watch.warned) return;
  watch.warned = true;
  log::warn(
      "{}: {}; until that can be seen it does not count as ready. Set ready.when of the group to "
      "notify, fd, exec or delay, or give superd CAP_SYS_PTRACE",
      core::to_string(watch.subject.worker), watch.reason);
}

bool ListeningReadiness::hidden_called_listen(Watch& watch, const std::vector<pid_t>& pids) {
  for (std::size_t i = 0; i < watch.callers.size(); ++i) {
    Caller& caller = watch.callers[i];
    const pid_t pid = new_caller(watch.subject, watch.subject.sockets[i], caller, pids);
    // A process that can be looked at tells by itself when it serves; that another one of its tree
    // is hidden says nothing about it.
    const std::array alone{pid};
    if (pid == 0 || !watch.sight.look(alone, os::ListenSight::Depth::fast).hidden) {
      caller.now = 0;
      continue;
    }
    caller.hidden_looks = caller.now == pid ? caller.hidden_looks + 1 : 1;
    caller.now = pid;
    if (caller.hidden_looks < kHiddenLooks) continue;
    log::info("{}: process {} cannot be looked at, and has called listen() on its unix socket",
              core::to_string(watch.subject.worker), pid);
    return true;
  }
  return false;
}

pid_t ListeningReadiness::new_caller(const Subject& subject, int socket, const Caller& known,
                                     const std::vector<pid_t>& pids) {
  // The main process of many runners calls listen(2) long before it serves. A caller that was there
  // when the watch began may be another process by now, under the same number.
  const pid_t pid = os::last_listen_caller(socket);
  if (pid <= 0 || pid == known.before || pid == subject.main) return 0;
  return std::find(pids.begin(), pids.end(), pid) == pids.end() ? 0 : pid;
}

}  // namespace superd::daemon
