#include "daemon/cgroup_tracker.h"

#include <cerrno>
#include <charconv>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/shortage.h"

namespace superd::daemon {
namespace {

// A cgroup stays busy for some milliseconds after its last process has gone (LINUX.md 1.1).
constexpr std::chrono::milliseconds kRemovalPause{10};
constexpr int kLastRemovals = 50;
// Between two looks where no event tells.
constexpr std::chrono::milliseconds kLookPause{100};

std::string cgroup_name(core::SpawnId spawn) { return "s" + core::to_string(spawn); }

std::optional<core::SpawnId> parse_cgroup_name(const std::string& name) {
  std::uint64_t id = 0;
  if (name.size() < 2 || name.front() != 's') return std::nullopt;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, id);
  if (error != std::errc() || rest != end) return std::nullopt;
  return core::SpawnId{id};
}

}  // namespace

CgroupTracker::CgroupTracker(loop::Loop& loop, os::CgroupRoot root)
    : loop_(loop), root_(std::move(root)), removal_timer_(loop, [this] { remove_pending(); }) {}

std::string CgroupTracker::description() const { return "cgroup v2, " + root_.path(); }

Result<UniqueFd> CgroupTracker::prepare(core::SpawnId spawn) {
  return root_.create(cgroup_name(spawn));
}

std::vector<pid_t> CgroupTracker::members(core::SpawnId spawn) {
  return root_.pids(cgroup_name(spawn)).value_or(std::vector<pid_t>{});
}

std::optional<core::SpawnId> CgroupTracker::owner(pid_t pid) {
  const Result<std::optional<std::string>> name = root_.owner_of(pid);
  if (!name || !*name) return std::nullopt;
  return parse_cgroup_name(**name);
}

void CgroupTracker::signal(core::SpawnId spawn, int signal) {
  spares_.release();
  for (const pid_t pid : members(spawn)) {
    const Result<UniqueFd> pidfd = os::open_pidfd(pid);
    // Asked again with the pidfd in hand: a PID that was reused meanwhile is not in the cgroup.
    if (!pidfd || owner(pid) != spawn) continue;
    if (const Status sent = os::signal_pidfd(pidfd->get(), signal); !sent) {
      log::debug("signal {} to {}: {}", signal, pid, sent.error().message);
    }
  }
  spares_.refill();
}

void CgroupTracker::kill(core::SpawnId spawn) {
  const auto kill = [&] { return root_.kill(cgroup_name(spawn)); };
  if (const Status killed = spares_.help(kill); !killed) {
    log::warn("{}", killed.error().message);
  }
}

void CgroupTracker::watch_end(core::SpawnId spawn, std::function<void()> gone) {
  EndWatch& watch = ends_[spawn];
  watch.gone = std::move(gone);
  check_end(spawn);
}

void CgroupTracker::watch_events(core::SpawnId spawn, EndWatch& watch) {
  if (watch.poll) return;
  Result<UniqueFd> events = root_.open_events(cgroup_name(spawn));
  if (!events) return;
  watch.events = std::move(*events);
  auto poll = loop::Poll::create(loop_, watch.events.get(),
                                 [this, spawn](loop::PollEvents) { check_end(spawn); });
  if (!poll) return;
  watch.poll.emplace(std::move(*poll));
  watch.poll->watch({.priority = true});
}

void CgroupTracker::check_end(core::SpawnId spawn) {
  const auto found = ends_.find(spawn);
  if (found == ends_.end()) return;
  EndWatch& watch = found->second;
  watch_events(spawn, watch);
  const Result<bool> populated =
      watch.events ? os::CgroupRoot::read_events(watch.events.get())
                   : spares_.help([&] { return root_.populated(cgroup_name(spawn)); });
  if (!populated || *populated) {
    if (watch.poll && populated) return;
    // Nobody tells the end: it is looked for.
    if (!watch.again) watch.again.emplace(loop_, [this, spawn] { check_end(spawn); });
    watch.again->after(kLookPause);
    return;
  }
  const std::function<void()> gone = std::move(watch.gone);
  ends_.erase(found);
  gone();
}

void CgroupTracker::forget(core::SpawnId spawn) {
  ends_.erase(spawn);
  removals_.insert(spawn);
  remove_pending();
}

void CgroupTracker::remove_pending() {
  for (auto it = removals_.begin(); it != removals_.end();) {
    const Status removed = root_.remove(cgroup_name(*it));
    if (!removed && (removed.error().code == EBUSY || is_shortage(removed.error().code))) {
      ++it;
      continue;
    }
    if (!removed) log::warn("{}", removed.error().message);
    it = removals_.erase(it);
  }
  if (!removals_.empty()) removal_timer_.after(kRemovalPause);
}

void CgroupTracker::close() {
  // The very end: what was busy a moment ago is waited for, so that no cgroup stays behind.
  for (int round = 0; round < kLastRemovals && !removals_.empty(); ++round) {
    remove_pending();
    if (!removals_.empty()) std::this_thread::sleep_for(kRemovalPause);
  }
  removal_timer_.cancel();
  if (const Status removed = root_.remove_root(); !removed) {
    log::debug("{}", removed.error().message);
  }
}

Result<std::vector<core::SpawnId>> CgroupTracker::existing() {
  const Result<std::vector<std::string>> names = root_.list();
  if (!names) return tl::unexpected(names.error());
  std::vector<core::SpawnId> spawns;
  for (const std::string& name : *names) {
    if (const auto spawn = parse_cgroup_name(name)) spawns.push_back(*spawn);
  }
  return spawns;
}

}  // namespace superd::daemon
