#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shortage.h"
#include "daemon/own_directory.h"
#include "daemon/private_sockets.h"
#include "daemon/supervisor_state.h"
#include "os/credentials.h"
#include "os/listen_socket.h"
#include "os/process_table.h"

namespace superd::daemon {
namespace {

// Microseconds that the keeper lives: a supervisor gives fewer than a command a microsecond, so
// this is above all ids that the ones before gave.
core::CommandId above_earlier_commands(pid_t keeper) {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const Result<os::ProcessId> process = os::process_id(keeper);
  const auto ticks = process ? process->start_time : 0;
  const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return core::CommandId{static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                         static_cast<std::uint64_t>(now.tv_nsec) / 1'000 -
                         ticks * (1'000'000 / ticks_a_second)};
}

// `notify/17/web.1` and `out/17/web.1` -> 17, web.1
std::optional<std::pair<core::SpawnId, core::WorkerRef>> parse_item(std::string_view name) {
  const auto first = name.find('/');
  const auto second = name.find('/', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data() + first + 1, name.data() + second, id);
  const auto worker = core::parse_worker_ref(name.substr(second + 1));
  if (error != std::errc() || end != name.data() + second || !worker) return std::nullopt;
  return std::pair{core::SpawnId{id}, *worker};
}

}  // namespace

core::WorkerRef worker_of_environment(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    const auto name = os::environment_variable(pid, "SUPERD_WORKER");
    if (!name) continue;
    if (auto worker = core::parse_worker_ref(*name)) return std::move(*worker);
  }
  return {};
}

core::Event start_of(const core::GroupSpec& group, core::CommandId id, const std::string& cause) {
  if (!group.on_demand) {
    return core::StartRequested{.command = id, .target = {.group = group.name}, .cause = cause};
  }
  return core::RestartRequested{.command = id,
                                .target = {.group = group.name},
                                .cause = cause,
                                .pace = core::Pace::on_demand};
}

Status Supervisor::begin(std::vector<keeper::Item> items, std::optional<Recovered> recovered) {
  if (!tracking_.found) return tracking_.found;
  if (const Status& restored = event_history_.restored();
      !restored && is_shortage(restored.error().code)) {
    return restored;
  }
  take_items(std::move(items));
  if (recovered) {
    take_younger(*recovered);
  } else if (!tracking_.leftovers.empty()) {
    recovered = find_running();
  }
  const bool goes_on = recovered.has_value();
  // Held by the keeper since a first supervisor began.
  const bool first = !control_fds_.contains(kControlItem);
  core::CommandId earlier = recovered ? recovered->commands : core::CommandId{};
  if (!first) {
    const core::CommandId above = above_earlier_commands(keeper_pid_);
    if (earlier == core::CommandId{}) earlier = above;
    // As many in a microsecond are not told either: for events whose history is lost.
    occurrences_.begin_above(static_cast<std::uint64_t>(above));
  }
  commands_.begin_above(earlier, [this](core::CommandId most) { journal_.note_commands(most); });
  if (const auto last = event_history_.last_id(); last != 0) occurrences_.begin_above(last);
  if (Status opened = open_directories(); !opened) return opened;
  if (!goes_on) {
    clear_directories();
    for (const core::GroupSpec& group : spec_.groups) {
      taken_[group.name] = std::make_shared<const core::GroupSpec>(group);
      core_.add_group(taken_[group.name]);
    }
  }
  auto poll = loop::Poll::create(loop_, keeper_.fd(), [this](loop::PollEvents) { on_keeper(); });
  if (!poll) return tl::unexpected(poll.error());
  keeper_poll_.emplace(std::move(*poll));
  if (Status opened = open_servers(); !opened) return opened;
  log::info("tracking processes by {}", tracking_.tracker->description());
  if (!goes_on) {
    occurrences_.note_other(core::OccurrenceKind::daemon_started, "", "",
                            std::chrono::system_clock::now());
  } else {
    tell_of_the_one_before(*recovered, first);
  }
  schedules_.set(spec_.groups);
  idle_.set();
  if (goes_on) take_sockets(*recovered);
  // What is open already is looked after, and its path goes with superd.
  for (const core::GroupSpec& group : spec_.groups) {
    if (listeners_.adopted_for(group)) open_listeners(group);
  }
  // What changes once the workers have begun to start is a change.
  for (const core::GroupSpec& group : spec_.groups) {
    if (!goes_on) {
      triggers_.set(group);
      continue;
    }
    const auto automatic = recovered->automatic.find(group.name);
    if (automatic != recovered->automatic.end()) automatic_.restore(group.name, automatic->second);
    const auto seen = recovered->seen.find(group.name);
    triggers_.set(group, seen == recovered->seen.end() ? "" : seen->second);
  }
  boot_told_ = goes_on && recovered->start_told;
  journal_.note_daemon(spec_, {.start_told = boot_told_});
  if (goes_on) {
    if (Status taken = take_over(*recovered); !taken) return taken;
  }
  if (!boot_told_) {
    boot();
  } else if (first) {
    // Told to another keeper, which has died.
    tell_started();
  }
  end_leftovers();
  close_unused_listeners();
  // Somebody started superd with a config file, which may be another by now.
  if (goes_on && first) apply_.request("boot");
  // Somebody may have removed a path while no supervisor looked.
  if (goes_on) look_after_paths();
  // What came while the items were received waits in the link, not in the socket.
  on_keeper();
  return {};
}

void Supervisor::take_items(std::vector<keeper::Item> items) {
  for (keeper::Item& item : items) {
    if (item.fds.empty()) continue;
    if (item.name.starts_with(Listeners::kPrefix)) {
      listeners_.adopt(item.name, std::move(item.fds.front()));
    } else if (item.name == kControlItem || item.name == kWorkerItem) {
      control_fds_[item.name] = std::move(item.fds.front());
    } else if (item.name.starts_with(kHoldItem)) {
      automatic_.hold(item.name.substr(kHoldItem.size()), Automatic::Holder::command,
                      "a command before superd's supervisor was started again");
    } else if (const auto hook = OrphanHooks::pid_of(item.name)) {
      orphan_hooks_.adopt(*hook, std::move(item.fds.front()));
    } else if (item.name == keeper::kExitsItem) {
      exits_ = std::move(item.fds.front());
    } else if (const auto held = parse_item(item.name)) {
      hold_item(held->first, held->second, item);
    }
  }
  if (!exits_) return;
  auto poll = loop::Poll::readable(loop_, exits_.get(), [this] { on_exits(); });
  if (poll) exits_poll_.emplace(std::move(*poll));
}

void Supervisor::hold_item(core::SpawnId spawn, const core::WorkerRef& worker, keeper::Item& item) {
  held_spawns_[spawn] = worker;
  Spawner::Held& held = held_[spawn];
  held.worker = worker;
  if (is_output_item(item.name)) {
    held.output = std::move(item.fds);
  } else if (item.name.starts_with("transit/")) {
    held.transit = std::move(item.fds);
  } else if (item.name.starts_with("notify/")) {
    held.notify = std::move(item.fds);
  } else if (item.name.starts_with("private/")) {
    held.sockets = std::move(item.fds);
  } else if (item.name.starts_with("ready/")) {
    held.ready = std::move(item.fds);
  }
}

Status Supervisor::open_directories() {
  const std::string dir = notify_dir(spec_.daemon.runtime_dir);
  if (Status made = make_own_directory(dir); !made) return made;
  if (::chmod(dir.c_str(), 0711) != 0) return fail_errno("chmod " + dir, errno);
  return {};
}

// Of a superd of which no process is left.
void Supervisor::clear_directories() {
  if (!tracking_.leftovers.empty()) return;
  clear_private_dir(private_dir(spec_.daemon.runtime_dir));
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(notify_dir(spec_.daemon.runtime_dir), error)) {
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
}

void Supervisor::end_leftovers() {
  std::vector<Leftovers::One> all;
  for (const core::SpawnId spawn : tracking_.leftovers) {
    if (core_.owner(spawn) != nullptr) continue;
    Leftovers::One one{.spawn = spawn, .worker = {}, .stop = {}};
    if (const auto held = held_spawns_.find(spawn); held != held_spawns_.end()) {
      one.worker = held->second;
    } else {
      one.worker = worker_of_environment(tracking_.tracker->members(spawn));
    }
    if (const core::GroupSpec* group = spec_of(one.worker.group)) one.stop = group->stop;
    // Nobody waits for what it would say, nor does a process serve that was not made to the end.
    if (is_errand(spawn) || unmade_.contains(spawn))
      one.stop = {.signal = SIGKILL, .timeout = core::Duration::zero()};
    all.push_back(std::move(one));
  }
  const auto gone = [this](core::SpawnId spawn) { let_go(spawn); };
  leftovers_.end(all, gone, [this] {
    // What the keeper holds for spawns of which no process was left.
    const auto rest = held_spawns_;
    for (const auto& [spawn, worker] : rest) let_go(spawn);
    if (core_.shutting_down()) return finish();
    // The sockets of a group that waits for a command are opened by its first start.
    for (const core::GroupSpec& group : spec_.groups) {
      // What an earlier superd left behind may have had its addresses until now.
      if (core_.find(group.name)->demand) {
        demand_.watch(group);
      } else if (group.autostart) {
        open_listeners(group);
      }
    }
    (void)keeper_.serving();
    happen(core::StartsAllowed{});
  });
}

// What was written by a process that is gone is still to be read.
void Supervisor::let_go(core::SpawnId spawn) {
  ::unlink((notify_dir(spec_.daemon.runtime_dir) + "/" + core::to_string(spawn)).c_str());
  remove_private_paths(private_dir(spec_.daemon.runtime_dir), spawn);
  auto held = held_.extract(spawn);
  held_spawns_.erase(spawn);
  if (held.empty()) return;
  const core::WorkerRef worker = held.mapped().worker;
  for (const char* kind : {"notify", "ready", "private"}) {
    (void)keeper_.drop(
        fmt::format("{}/{}/{}", kind, core::to_string(spawn), core::to_string(worker)));
  }
  const core::Group* group = core_.find(worker.group);
  spawner_.end_output(spawn, std::move(held.mapped()), group == nullptr ? nullptr : group->spec);
  sync_keeper();
}

void Supervisor::open_listeners(const core::GroupSpec& group) {
  if (const Status opened = listeners_.open(group); !opened) {
    log::error("{}: {}", group.name, opened.error().message);
  }
}

void Supervisor::boot() {
  std::vector<core::Event> starts;
  for (const core::GroupSpec& group : spec_.groups) {
    if (!group.autostart) continue;
    const core::CommandId id = commands_.next_id();
    boot_commands_.insert(id);
    starts.push_back(start_of(group, id, "boot"));
  }
  for (const core::Event& start : starts) happen(start);
  if (starts.empty()) tell_started();
}

void Supervisor::tell_started() {
  boot_told_ = true;
  (void)keeper_.started(boot_failed_ ? 1 : 0);
  journal_.note_daemon(spec_, {.start_told = boot_told_});
}

}  // namespace superd::daemon
