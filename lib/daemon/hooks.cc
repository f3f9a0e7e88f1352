#include "daemon/hooks.h"

#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "core/environment.h"
#include "daemon/child.h"
#include "daemon/hook_tree.h"
#include "daemon/last_lines.h"
#include "loop/defer.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "os/pipe.h"
#include "os/read_pipe.h"
#include "os/spawn.h"
#include "os/text_input.h"

namespace superd::daemon {
namespace {

// So much is read in a turn, and at a program's end.
constexpr std::size_t kReadATurn = std::size_t{64} * 1024;

}  // namespace

struct Hooks::Run {
  Run(loop::Loop& loop, std::function<void()> on_time) : timer(loop, std::move(on_time)) {}

  std::string label;  // `page-me (worker.exited)`
  bool late = false;  // its time was over
  LastLines lines;
  std::optional<Child> child;
  UniqueFd output;
  // Ends before its descriptor.
  std::optional<loop::Poll> output_poll;
  loop::Timer timer;

  void read_output();
  void kill() const;
  void tell_log(const std::string& how, log::Level level) const;
};

void Hooks::Run::read_output() {
  if (!output) return;
  const auto take = [this](std::string_view bytes) { lines.add(bytes); };
  if (os::read_pipe(output.get(), kReadATurn, take) == os::PipeState::open) return;
  output_poll.reset();
  output.reset();
}

void Hooks::Run::kill() const {
  kill_below_hook(child->id().pid);
  (void)child->signal(SIGKILL);
}

void Hooks::Run::tell_log(const std::string& how, log::Level level) const {
  log::write(level, fmt::format("hook {}: {}", label, how));
  for (const std::string& line : lines.lines()) {
    log::write(level, fmt::format("hook {} | {}", label, printable(line)));
  }
}

struct Hooks::Parts {
  Parts(loop::Loop& loop, std::function<void()> start_some)
      : starter(loop, std::move(start_some)) {}
  loop::Defer starter;
};

Hooks::Hooks(loop::Loop& loop, const std::vector<core::HookSpec>& hooks, Surroundings surroundings,
             Limits limits, Keep keep)
    : loop_(loop),
      hooks_(hooks),
      surroundings_(std::move(surroundings)),
      limits_(limits),
      keep_(std::move(keep)),
      parts_(std::make_unique<Parts>(loop, [this] { start_some(); })) {}

Hooks::~Hooks() = default;

bool Hooks::wants(core::OccurrenceKind kind) const {
  for (const core::HookSpec& hook : hooks_) {
    if (hook.on.contains(kind)) return true;
  }
  return false;
}

void Hooks::tell(core::OccurrenceKind kind, const std::string& json) {
  for (const core::HookSpec& hook : hooks_) {
    if (!hook.on.contains(kind)) continue;
    if (waiting_.size() >= limits_.waiting) drop_oldest();
    waiting_.push_back({.hook = hook, .kind = kind, .json = json});
  }
  if (!waiting_.empty()) parts_->starter.schedule();
}

void Hooks::drop_oldest() {
  waiting_.pop_front();
  ++dropped_;
  if (dropped_before_ == dropped_ - 1) {
    log::warn("more happens than hooks are done with: events are not told to them, oldest first");
  }
}

void Hooks::start_some() {
  while (!waiting_.empty() && running_.size() < limits_.running) {
    const Waiting what = std::move(waiting_.front());
    waiting_.pop_front();
    const std::string label = label_of(what);
    if (const Status started = start(what); !started) {
      log::warn("hook {}: {}", label, started.error().message);
    }
  }
  if (waiting_.empty() && dropped_ > dropped_before_) {
    log::warn("{} events were not told to hooks", dropped_ - dropped_before_);
    dropped_before_ = dropped_;
  }
  check_idle();
}

std::string Hooks::label_of(const Waiting& what) {
  const std::string& program = what.hook.run.front();
  return fmt::format("{} ({})", program.substr(program.rfind('/') + 1), core::name(what.kind));
}

Status Hooks::start(const Waiting& what) {
  os::SpawnRequest request;
  request.argv = what.hook.run;
  request.env = core::helper_environment(surroundings_.environment);
  request.directory = what.hook.directory;
  request.nofile_soft = surroundings_.nofile_soft;
  const Result<UniqueFd> input = os::text_input(what.json + "\n");
  if (!input) return tl::unexpected(input.error());
  Result<os::Pipe> pipe = os::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  request.stdin_fd = input->get();
  request.stdout_fd = request.stderr_fd = pipe->write.get();
  Result<os::Spawned> spawned = os::spawn(request);
  if (!spawned) return tl::unexpected(spawned.error());
  const std::uint64_t id = ++last_run_;
  auto run = std::make_unique<Run>(loop_, [this, id] { on_time(id); });
  run->label = label_of(what);
  run->output = std::move(pipe->read);
  if (keep_.began) keep_.began(spawned->pid, spawned->pidfd.get());
  run->child.emplace(std::move(request), std::move(*spawned));
  run->timer.after(limits_.timeout);
  Status followed = follow(id, *(running_[id] = std::move(run)));
  if (!followed) {
    running_[id]->kill();
    end(id);
  }
  return followed;
}

Status Hooks::follow(std::uint64_t id, Run& run) {
  auto poll = loop::Poll::readable(loop_, run.output.get(), [this, id] { on_output(id); });
  if (!poll) return tl::unexpected(poll.error());
  run.output_poll.emplace(std::move(*poll));
  return run.child->follow(loop_,
                           {.on_ended = [&run] { run.read_output(); },
                            .on_exit = [this, id](const core::Exit& exit) { on_exit(id, exit); }});
}

void Hooks::on_output(std::uint64_t id) {
  if (const auto found = running_.find(id); found != running_.end()) found->second->read_output();
}

void Hooks::on_exit(std::uint64_t id, const core::Exit& exit) {
  const std::unique_ptr<Run> ended = end(id);
  if (!ended) return;
  const Run& run = *ended;
  const bool ok = exit == core::Exit::with_status(0);
  if (run.late) {
    run.tell_log(
        fmt::format("did not end within {}, and was killed", print_duration(limits_.timeout)),
        log::Level::warn);
  } else if (!ok || !run.lines.lines().empty()) {
    run.tell_log(core::describe(exit), ok ? log::Level::info : log::Level::warn);
  }
  parts_->starter.schedule();
}

std::unique_ptr<Hooks::Run> Hooks::end(std::uint64_t id) {
  auto found = running_.extract(id);
  if (found.empty()) return nullptr;
  if (keep_.over) keep_.over(found.mapped()->child->id().pid);
  return std::move(found.mapped());
}

void Hooks::on_time(std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second->late = true;
  found->second->kill();
}

void Hooks::finish(std::function<void()> idle) {
  idle_ = std::move(idle);
  check_idle();
}

void Hooks::abandon() {
  waiting_.clear();
  for (const auto& [id, run] : running_) run->kill();
}

void Hooks::check_idle() {
  if (idle_ && waiting_.empty() && running_.empty()) std::exchange(idle_, nullptr)();
}

}  // namespace superd::daemon
