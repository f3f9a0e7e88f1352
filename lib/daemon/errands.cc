#include "daemon/errands.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "core/exit.h"
#include "core/worker.h"
#include "daemon/child.h"
#include "daemon/last_lines.h"
#include "daemon/spawn_request.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/pipe.h"
#include "os/read_pipe.h"
#include "os/spawn.h"

namespace superd::daemon {
namespace {

// Above all spawn ids, which count milliseconds since boot.
constexpr std::uint64_t kFirst = std::uint64_t{1} << 48;

// So much is read in a turn, so that a command that never stops writing does not keep the loop.
constexpr std::size_t kReadATurn = std::size_t{64} * 1024;
// At its end so much is read at most: what a pipe holds, also where it was made larger.
constexpr std::size_t kReadAtEnd = std::size_t{1024} * 1024;

ErrandEnd end_of(const core::Exit& exit) {
  if (exit == core::Exit::with_status(0)) return {};
  if (exit.kind == core::Exit::Kind::never_ran) {
    return {.how = ErrandEnd::How::never_ran, .message = exit.reason};
  }
  return {.how = ErrandEnd::How::failed, .message = core::describe(exit)};
}

}  // namespace

struct Errands::Errand {
  Errand(core::SpawnId i, loop::Loop& loop, std::function<void()> on_time)
      : id(i), timer(loop, std::move(on_time)) {}

  core::SpawnId id;
  core::WorkerRef worker;  // as which it runs
  OnEnd on_end;            // empty: told, or nobody wants to know
  loop::Duration timeout{};
  std::optional<std::string> failure;  // why it never ran, not told yet
  bool tracked = false;
  bool survives = false;  // KILL was repeated often enough
  int kills = 0;
  LastLines lines;

  std::optional<Child> child;  // empty: no process was made
  UniqueFd output;
  // Ends before its descriptor.
  std::optional<loop::Poll> output_poll;
  loop::Timer timer;  // its time is over, or another KILL is due

  void read_output(std::size_t limit);
};

// Nothing is polled any more once the other end is closed.
void Errands::Errand::read_output(std::size_t limit) {
  if (!output) return;
  const auto take = [this](std::string_view bytes) { lines.add(bytes); };
  if (os::read_pipe(output.get(), limit, take) == os::PipeState::open) return;
  output_poll.reset();
  output.reset();
}

core::SpawnId first_errand(std::uint64_t first_spawn) {
  return core::SpawnId{kFirst + first_spawn};
}

bool is_errand(core::SpawnId id) { return static_cast<std::uint64_t>(id) >= kFirst; }

Errands::Errands(Parts parts, Surroundings surroundings, core::SpawnId first,
                 loop::Duration kill_pause)
    : parts_(parts),
      surroundings_(std::move(surroundings)),
      next_(static_cast<std::uint64_t>(first)),
      kill_pause_(kill_pause),
      failures_(parts.loop, [this] { tell_failures(); }) {}

Errands::~Errands() = default;

Errands::Errand* Errands::find(core::SpawnId id) const {
  const auto found = errands_.find(id);
  return found == errands_.end() ? nullptr : found->second.get();
}

core::SpawnId Errands::run(const Order& order, OnEnd on_end) {
  const core::SpawnId id{next_++};
  auto made = std::make_unique<Errand>(id, parts_.loop, [this, id] { on_time(id); });
  Errand& errand = *made;
  errands_[id] = std::move(made);
  errand.on_end = std::move(on_end);
  errand.worker = {.group = order.recipe->group, .number = order.worker};
  errand.timeout = order.timeout;
  if (Status started = start(errand, order); !started) {
    errand.failure = started.error().message;
    failures_.schedule();
  }
  return id;
}

Result<os::SpawnRequest> Errands::request_of(const Order& order, core::SpawnId id) const {
  SpawnFacts facts{
      .worker = order.worker,
      .worker_socket = surroundings_.worker_socket,
      .errand = fmt::format("{}/{}", surroundings_.notify_dir, core::to_string(id)),
      .inherited = surroundings_.environment,
      .nofile_soft = surroundings_.nofile_soft,
  };
  return order.stage ? make_staged_request(*order.recipe, *order.stage, std::move(facts))
                     : make_errand_request(*order.recipe, order.command, facts);
}

Status Errands::start(Errand& errand, const Order& order) {
  Result<os::SpawnRequest> request = request_of(order, errand.id);
  if (!request) return tl::unexpected(request.error());
  Result<os::Pipe> pipe = os::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  request->stdout_fd = request->stderr_fd = pipe->write.get();
  if (order.stage && order.recipe->ready_fd) request->sockets.push_back(pipe->write.get());
  const Result<UniqueFd> cgroup = parts_.tracker.prepare(errand.id);
  if (!cgroup) return tl::unexpected(cgroup.error());
  errand.tracked = true;
  request->cgroup_procs_fd = cgroup->get();
  Result<os::Spawned> spawned = os::spawn(*request);
  if (!spawned) return tl::unexpected(spawned.error());
  log::debug("process {} is errand {}: {}", spawned->pid, core::to_string(errand.id),
             request->argv.front());
  errand.output = std::move(pipe->read);
  errand.child.emplace(std::move(*request), std::move(*spawned));
  parts_.tracker.started(errand.id, errand.child->id());
  errand.timer.after(order.timeout);
  return watch(errand);
}

Status Errands::watch(Errand& errand) {
  const core::SpawnId id = errand.id;
  auto poll = loop::Poll::readable(parts_.loop, errand.output.get(), [this, id] { on_output(id); });
  if (!poll) return tl::unexpected(poll.error());
  errand.output_poll.emplace(std::move(*poll));
  return errand.child->follow(
      parts_.loop, {.on_ended = [&errand] { errand.read_output(kReadAtEnd); },
                    .on_exit = [this, id](const core::Exit& exit) { on_exit(id, exit); }});
}

void Errands::tell_failures() {
  std::vector<core::SpawnId> failed;
  for (const auto& [id, errand] : errands_) {
    if (errand->failure) failed.push_back(id);
  }
  for (const core::SpawnId id : failed) {
    Errand* errand = find(id);
    if (errand == nullptr) continue;
    const std::string why = *std::exchange(errand->failure, std::nullopt);
    const OnEnd on_end = std::exchange(errand->on_end, nullptr);
    // One that was made but cannot be followed is not left to itself.
    if (errand->child) {
      end_tree(id);
    } else {
      forget(id);
    }
    if (on_end) on_end({.how = ErrandEnd::How::never_ran, .message = why});
  }
}

void Errands::on_output(core::SpawnId id) {
  if (Errand* errand = find(id)) errand->read_output(kReadATurn);
}

void Errands::on_exit(core::SpawnId id, const core::Exit& exit) {
  Errand* errand = find(id);
  if (errand == nullptr) return;
  errand->output_poll.reset();
  ErrandEnd how = end_of(exit);
  how.output = errand->lines.lines();
  const OnEnd on_end = std::exchange(errand->on_end, nullptr);
  errand->timer.cancel();
  end_tree(id);
  if (on_end) on_end(std::move(how));
}

void Errands::on_time(core::SpawnId id) {
  Errand* errand = find(id);
  if (errand == nullptr) return;
  const OnEnd on_end = std::exchange(errand->on_end, nullptr);
  if (on_end) errand->read_output(kReadAtEnd);
  ErrandEnd how{.how = ErrandEnd::How::failed,
                .message = fmt::format("did not end within {}", print_duration(errand->timeout)),
                .output = errand->lines.lines()};
  errand->output_poll.reset();
  kill(*errand);
  if (on_end) on_end(std::move(how));
}

void Errands::signal_main(core::SpawnId id, int signal) {
  const Errand* errand = find(id);
  if (errand != nullptr && errand->child) (void)errand->child->signal(signal);
}

void Errands::cancel(core::SpawnId id) {
  Errand* errand = find(id);
  if (errand == nullptr || !errand->on_end) return;
  errand->on_end = nullptr;
  errand->output_poll.reset();
  if (!errand->failure) kill(*errand);
}

std::optional<core::WorkerRef> Errands::worker_of(core::SpawnId id) const {
  const Errand* errand = find(id);
  if (errand == nullptr) return std::nullopt;
  return errand->worker;
}

std::vector<std::string> Errands::output(core::SpawnId id) {
  Errand* errand = find(id);
  if (errand == nullptr) return {};
  errand->read_output(kReadATurn);
  return errand->lines.lines();
}

// They are dead shortly after; what is not is killed again.
void Errands::kill(Errand& errand) {
  if (errand.kills >= core::kMaxKills) {
    log::error("what is left of errand {} survives KILL", core::to_string(errand.id));
    errand.survives = true;
    return check_idle();
  }
  ++errand.kills;
  errand.timer.after(kill_pause_);
  parts_.tracker.kill(errand.id);
  // Also where it never came into its cgroup.
  if (errand.child) (void)errand.child->signal(SIGKILL);
}

void Errands::end_tree(core::SpawnId id) {
  parts_.tracker.watch_end(id, [this, id] { forget(id); });
  if (Errand* errand = find(id)) kill(*errand);
}

void Errands::forget(core::SpawnId id) {
  Errand* errand = find(id);
  if (errand == nullptr) return;
  if (errand->child) errand->child->reap();
  if (errand->tracked) parts_.tracker.forget(id);
  errands_.erase(id);
  check_idle();
}

void Errands::finish(std::function<void()> idle) {
  idle_ = std::move(idle);
  std::vector<core::SpawnId> all;
  for (const auto& [id, errand] : errands_) all.push_back(id);
  for (const core::SpawnId id : all) cancel(id);
  check_idle();
}

void Errands::check_idle() {
  const bool idle = std::all_of(errands_.begin(), errands_.end(),
                                [](const auto& entry) { return entry.second->survives; });
  if (idle_ && idle) std::exchange(idle_, nullptr)();
}

}  // namespace superd::daemon
