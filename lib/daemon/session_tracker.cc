#include "daemon/session_tracker.h"

#include <charconv>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shortage.h"

namespace superd::daemon {
namespace {

// When a tree is looked at after a start: programs that daemonise do so early. Nothing runs later,
// so that an idle superd sleeps; a stop and every question look again.
constexpr std::chrono::milliseconds kSamples[] = {
    std::chrono::milliseconds(20),   std::chrono::milliseconds(40),
    std::chrono::milliseconds(100),  std::chrono::milliseconds(250),
    std::chrono::milliseconds(600),  std::chrono::milliseconds(1500),
    std::chrono::milliseconds(4000),
};
constexpr int kKillRounds = 3;
// Between two looks where nothing tells that a process has ended.
constexpr std::chrono::milliseconds kLookPause{100};

bool is_alive(const os::ProcessInfo& process) {
  return process.state != 'Z' && process.state != 'X';
}

std::string program_of(pid_t pid) {
  std::error_code ignored;
  return std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), ignored);
}

}  // namespace

namespace {

// Whether a session with the number of the main process's PID can only be its own: the kernel gives
// the PID to nobody while a process is left in the session, but does where none is.
bool has_own_session(const os::ProcessTable& table, const KnownTree& tree) {
  const os::ProcessInfo* now = table.find(tree.main.pid);
  return now == nullptr || now->id == tree.main;
}

// Trees that an earlier keeper had as its descendants: they went to whoever adopts orphans when it
// died. What they had in common with their main process is left.
void attribute_elsewhere(const os::ProcessTable& table, const KnownTrees& trees,
                         std::map<pid_t, std::optional<core::SpawnId>>& result) {
  for (const auto& [spawn, tree] : trees) {
    if (result.contains(tree.main.pid)) continue;
    std::vector<const os::ProcessInfo*> found;
    if (has_own_session(table, tree)) found = table.session_of(tree.main.pid);
    for (const os::ProcessId& known : tree.seen) {
      const os::ProcessInfo* process = table.find(known.pid);
      if (process == nullptr || process->id != known) continue;
      found.push_back(process);
      const auto below = table.descendants_of(known.pid);
      found.insert(found.end(), below.begin(), below.end());
    }
    for (const os::ProcessInfo* process : found) result.try_emplace(process->id.pid, spawn);
  }
}

}  // namespace

std::map<pid_t, std::optional<core::SpawnId>> attribute(const os::ProcessTable& table, pid_t keeper,
                                                        const std::set<pid_t>& exempt,
                                                        const KnownTrees& trees,
                                                        const CookieOf& cookie_of) {
  std::map<os::ProcessId, core::SpawnId> seen;
  std::map<pid_t, core::SpawnId> sessions;
  for (const auto& [spawn, tree] : trees) {
    seen[tree.main] = spawn;
    if (has_own_session(table, tree)) sessions[tree.main.pid] = spawn;
    for (const os::ProcessId& process : tree.seen) seen[process] = spawn;
  }
  std::map<pid_t, std::optional<core::SpawnId>> result;
  std::set<pid_t> beside = exempt;  // with what superd runs beside the workers
  // Parents come before their children, so an attributed parent is known by then.
  for (const os::ProcessInfo* process : table.descendants_of(keeper)) {
    if (exempt.contains(process->id.pid)) continue;
    std::optional<core::SpawnId> owner;
    if (const auto known = seen.find(process->id); known != seen.end()) {
      owner = known->second;
    } else if (const auto session = sessions.find(process->session); session != sessions.end()) {
      owner = session->second;
    } else if (const auto parent = result.find(process->parent); parent != result.end()) {
      owner = parent->second;
    } else if (beside.contains(process->parent)) {
      beside.insert(process->id.pid);
      continue;
    }
    if (!owner && is_alive(*process)) owner = cookie_of(process->id.pid);
    result[process->id.pid] = owner;
  }
  attribute_elsewhere(table, trees, result);
  return result;
}

SessionTracker::SessionTracker(loop::Loop& loop, pid_t keeper, std::string notify_dir,
                               std::string why_not_stronger)
    : loop_(loop),
      keeper_(keeper),
      notify_dir_(std::move(notify_dir)),
      why_not_stronger_(std::move(why_not_stronger)),
      sampler_(loop, [this] { sample(); }),
      end_of_turn_(loop, [this] { looked_this_turn_ = false; }) {}

std::string SessionTracker::description() const {
  return "parentage, session and sampling; no cgroup: " + why_not_stronger_;
}

void SessionTracker::started(core::SpawnId spawn, const os::ProcessId& main) {
  trees_[spawn] = KnownTree{.main = main, .seen = {main}};
  samples_taken_ = 0;
  sampler_.after(kSamples[0]);
}

void SessionTracker::sample() {
  (void)look();
  ++samples_taken_;
  if (samples_taken_ < std::size(kSamples)) sampler_.after(kSamples[samples_taken_]);
}

Status SessionTracker::look_once_a_turn() {
  if (looked_this_turn_) return {};
  Status looked = look();
  looked_this_turn_ = looked.has_value();
  end_of_turn_.schedule();
  return looked;
}

void SessionTracker::before_stop(core::SpawnId) { (void)look_once_a_turn(); }

std::optional<core::SpawnId> SessionTracker::cookie_of(pid_t pid) const {
  for (const char* variable : {"NOTIFY_SOCKET", "SUPERD_ERRAND"}) {
    const auto value = os::environment_variable(pid, variable);
    if (!value || !value->starts_with(notify_dir_ + "/")) continue;
    std::uint64_t id = 0;
    const char* end = value->data() + value->size();
    const auto [rest, error] = std::from_chars(value->data() + notify_dir_.size() + 1, end, id);
    if (error == std::errc() && rest == end) return core::SpawnId{id};
  }
  return std::nullopt;
}

Result<std::vector<core::SpawnId>> SessionTracker::take_over() {
  std::vector<core::SpawnId> spawns;
  const Result<os::ProcessTable> table = os::ProcessTable::snapshot();
  if (!table) return tl::unexpected(table.error());
  const auto is_better = [this](const os::ProcessInfo& one, const os::ProcessInfo& other) {
    if ((one.parent == keeper_) != (other.parent == keeper_)) return one.parent == keeper_;
    return one.id.start_time < other.id.start_time;
  };
  // What an earlier keeper had is a child of whoever takes orphans. The mark is inherited, so of
  // those with the same one it is the first that superd made.
  std::map<core::SpawnId, const os::ProcessInfo*> mains;
  for (const os::ProcessInfo& process : table->processes()) {
    if (process.session != process.id.pid || !is_alive(process)) continue;
    const auto spawn = cookie_of(process.id.pid);
    if (!spawn) continue;
    const bool has_socket =
        ::access(fmt::format("{}/{}", notify_dir_, core::to_string(*spawn)).c_str(), F_OK) == 0;
    if (process.parent != keeper_ && !has_socket) continue;
    const os::ProcessInfo*& main = mains[*spawn];
    if (main == nullptr || is_better(process, *main)) main = &process;
  }
  for (const auto& [spawn, process] : mains) {
    trees_[spawn] = KnownTree{.main = process->id, .seen = {process->id}};
    spawns.push_back(spawn);
  }
  return spawns;
}

Status SessionTracker::look() {
  const Result<os::ProcessTable> table = spares_.help([] { return os::ProcessTable::snapshot(); });
  if (!table) {
    log::warn("the process table cannot be read: {}", table.error().message);
    return tl::unexpected(table.error());
  }
  // superd's own processes: this one and the logger.
  std::set<pid_t> exempt = {getpid()};
  for (const os::ProcessInfo* child : table->children_of(keeper_)) {
    const bool leads_session = child->session == child->id.pid;
    if (leads_session && program_of(child->id.pid) == program_of(getpid())) {
      exempt.insert(child->id.pid);
    }
  }
  const auto cookie = [this](pid_t pid) -> std::optional<core::SpawnId> {
    const auto spawn = cookie_of(pid);
    return spawn && trees_.contains(*spawn) ? spawn : std::nullopt;
  };
  const auto found = attribute(*table, keeper_, exempt, trees_, cookie);
  for (auto& [spawn, tree] : trees_) tree.seen.clear();
  unknown_.clear();
  for (const auto& [pid, owner] : found) {
    const os::ProcessInfo* process = table->find(pid);
    if (process == nullptr || !is_alive(*process)) continue;
    if (owner) {
      trees_[*owner].seen.insert(process->id);
    } else {
      unknown_.push_back(pid);
    }
  }
  return {};
}

std::vector<pid_t> SessionTracker::members(core::SpawnId spawn) {
  (void)look_once_a_turn();
  std::vector<pid_t> pids;
  const auto found = trees_.find(spawn);
  if (found == trees_.end()) return pids;
  for (const os::ProcessId& process : found->second.seen) pids.push_back(process.pid);
  return pids;
}

std::optional<core::SpawnId> SessionTracker::owner(pid_t pid) {
  (void)look_once_a_turn();
  for (const auto& [spawn, tree] : trees_) {
    for (const os::ProcessId& process : tree.seen) {
      if (process.pid == pid) return spawn;
    }
  }
  return std::nullopt;
}

std::vector<pid_t> SessionTracker::unknown() {
  (void)look_once_a_turn();
  return unknown_;
}

void SessionTracker::signal(core::SpawnId spawn, int signal) {
  (void)look();
  const auto found = trees_.find(spawn);
  if (found == trees_.end()) return;
  for (const os::ProcessId& process : found->second.seen) {
    const Status sent = spares_.help([&] { return os::signal_process(process, signal); });
    if (!sent) {
      log::debug("signal {} to {}: {}", signal, process.pid, sent.error().message);
    }
  }
}

void SessionTracker::kill(core::SpawnId spawn) {
  // A fork between the look and the KILL is found by the next round.
  for (int round = 0; round < kKillRounds; ++round) signal(spawn, SIGKILL);
}

void SessionTracker::watch_end(core::SpawnId spawn, std::function<void()> gone) {
  ends_[spawn].gone = std::move(gone);
  check_end(spawn);
}

SessionTracker::Living SessionTracker::watch_living(core::SpawnId spawn, EndWatch& watch) {
  bool known = look_once_a_turn().has_value();
  for (const os::ProcessId& process : trees_[spawn].seen) {
    Result<UniqueFd> pidfd = os::open_pidfd(process);
    if (!pidfd) {
      known = known && !is_shortage(pidfd.error().code);
      continue;
    }
    auto poll = loop::Poll::readable(loop_, pidfd->get(), [this, spawn] { check_end(spawn); });
    if (!poll) {
      known = false;
      continue;
    }
    Watched& watched = watch.living.emplace_back();
    watched.pidfd = std::move(*pidfd);
    watched.poll.emplace(std::move(*poll));
  }
  if (!watch.living.empty()) return Living::some;
  return known ? Living::none : Living::unknown;
}

void SessionTracker::check_end(core::SpawnId spawn) {
  const auto found = ends_.find(spawn);
  if (found == ends_.end()) return;
  EndWatch& watch = found->second;
  std::erase_if(watch.living, [](const Watched& w) { return os::has_ended(w.pidfd.get()); });
  if (!watch.living.empty()) return;
  switch (watch_living(spawn, watch)) {
    case Living::some:
      return;
    case Living::unknown:
      if (!watch.again) watch.again.emplace(loop_, [this, spawn] { check_end(spawn); });
      watch.again->after(kLookPause);
      return;
    case Living::none:
      break;
  }
  const std::function<void()> gone = std::move(watch.gone);
  ends_.erase(spawn);
  gone();
}

void SessionTracker::forget(core::SpawnId spawn) {
  ends_.erase(spawn);
  trees_.erase(spawn);
}

}  // namespace superd::daemon
