#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "keeper/channel.h"
#include "keeper/keeper_link.h"
#include "keeper/keeper_state.h"

namespace superd::keeper {
namespace {

// Bounds the work of one turn: thousands of orphans that end together do not keep signals waiting.
constexpr int kReapsPerTurn = 64;
// Supervisors that may die of one shutdown before the keeper leaves without them.
constexpr int kShutdownAttempts = 3;
constexpr std::size_t kMaxPendingSignals = 64;

}  // namespace

void Keeper::on_signal(const ArrivedSignal& signal) {
  if (signal.number == SIGCHLD) return;  // every turn reaps
  // A terminal sends WINCH whenever its window is resized.
  log::write(signal.number == SIGWINCH ? log::Level::debug : log::Level::info,
             fmt::format("signal {} from process {} of uid {}", signal_name(signal.number),
                         signal.sender, signal.sender_uid));
  if (exit_code_) return;
  if (asks_for_shutdown(signal.number)) {
    if (!std::exchange(shutdown_wanted_, true)) manager_.tell("STOPPING=1");
    supervisor_.hurry(Clock::now());
  }
  forward(signal.number);
}

void Keeper::forward(int signal) {
  Channel* channel = supervisor_.channel();
  if (channel == nullptr) {
    if (pending_signals_.size() < kMaxPendingSignals) {
      pending_signals_.push_back(signal);
    } else {
      log::error("signal {} is lost: too many wait for a supervisor", signal_name(signal));
    }
    return;
  }
  const Status sent = channel->send({.op = Op::signal, .value = signal});
  if (sent) watch_.expect(Clock::now());
  if (!sent && sent.error().code == EPIPE) {
    pending_signals_.push_back(signal);
  } else if (!sent) {
    log::error("signal {} is lost: {}", signal_name(signal), sent.error().message);
  }
}

void Keeper::reap(Clock::time_point now) {
  more_to_reap_ = true;
  for (int i = 0; i < kReapsPerTurn; ++i) {
    const Result<std::optional<os::Reaped>> reaped = os::reap_next();
    if (!reaped) log::error("{}", reaped.error().message);
    if (!reaped || !*reaped) {
      more_to_reap_ = false;
      return;
    }
    on_reaped(**reaped, now);
  }
}

void Keeper::on_reaped(const os::Reaped& reaped, Clock::time_point now) {
  if (reaped.process.pid == supervisor_.pid()) {
    on_supervisor_ended(reaped.exit, now);
  } else if (reaped.process.pid == logger_.pid()) {
    logger_.ended(reaped.exit, now);
    logger_watch_.ended();
  } else if (upgrade_ && reaped.process.pid == upgrade_->checker()) {
    on_checked(reaped.exit);
  } else {
    log::debug("process {} came home and ended: {}", reaped.process.pid, describe(reaped.exit));
    exits_.record({.process = reaped.process, .exit = reaped.exit});
  }
}

void Keeper::on_supervisor_ended(const os::Exit& exit, Clock::time_point now) {
  if (Channel* channel = supervisor_.channel(); channel != nullptr) {
    for (Channel::Incoming& message : channel->receive_rest()) on_message(std::move(message));
  }
  const bool later = exit == os::Exit{.kind = os::Exit::Kind::exited, .value = kTryAgainLater};
  // leave() has closed the pair if `finished` was among its last words.
  if (Channel* channel = supervisor_.channel(); channel != nullptr) {
    const bool briefed = channel->take_undelivered(Op::items_end).empty();
    if (briefed && !later && !supervisor_.replaced()) count_crash(now);
    for (const auto& lost : channel->take_undelivered(Op::signal)) {
      pending_signals_.push_back(lost.value);
    }
  }
  const bool replaced = supervisor_.replaced();
  supervisor_.ended(exit, now);
  watch_.ended();
  hung_ = false;
  if (!shutdown_wanted_ || exit_code_ || replaced || later) return;
  supervisor_.hurry(now);
  if (++shutdown_deaths_ < kShutdownAttempts) return;
  log::error("{} supervisors died of the shutdown: superd leaves; workers may be left",
             shutdown_deaths_);
  leave(1);
}

void Keeper::count_crash(Clock::time_point now) {
  const auto silent = hung_ ? now - watch_.heard_at() : Clock::duration{0};
  set_journal_aside_ = crashes_.crashed(now, silent);
  if (!set_journal_aside_) return;
  log::error("{} supervisors ended within {} s: the next one sets the journal aside",
             CrashCount::kMany, CrashCount::kWindow.count());
}

void Keeper::read_supervisor() {
  Channel& channel = *supervisor_.channel();
  const std::uint64_t before = channel.packets();
  std::vector<Channel::Incoming> messages = channel.receive();
  if (channel.packets() > before) {
    watch_.heard(Clock::now());
    manager_.alive(Clock::now());
  }
  // One of them may close the channel.
  for (Channel::Incoming& message : messages) on_message(std::move(message));
  supervisor_.kill_if_deaf();
}

void Keeper::read_logger() {
  // The supervisor's last words may have ended both pairs in this turn.
  Channel* channel = logger_.channel();
  if (channel == nullptr) return;
  const std::uint64_t before = channel->packets();
  const std::vector<Channel::Incoming> messages = channel->receive();
  if (channel->packets() > before) logger_watch_.heard(Clock::now());
  for (const Channel::Incoming& message : messages) {
    log::warn("the logger sent operation {}, which is not its own", static_cast<int>(message.op));
  }
  logger_.kill_if_deaf();
}

void Keeper::on_message(Channel::Incoming message) {
  switch (message.op) {
    case Op::upgrade:
      begin_upgrade();
      return;
    case Op::put:
      if (is_item_name(message.name) && message.name != kExitsItem && !message.fds.empty()) {
        hold(message.name, std::move(message.fds));
      }
      return;
    case Op::drop:
      items_.drop(message.name);
      if (message.name.starts_with(kListenPrefix)) manager_.remove(message.name);
      return;
    case Op::ask:
      if (message.name == kPeerItem) return connect_peers();
      if (Channel* channel = supervisor_.channel(); channel != nullptr) {
        items_.give(*channel, message.name);
      }
      return;
    case Op::started:
      on_started(message.value);
      return;
    case Op::serving:
      if (!std::exchange(serving_, true) && !started_) manager_.tell("READY=1\nSTATUS=starting");
      return;
    case Op::finished:
      leave(message.value);
      return;
    case Op::ack:
    case Op::item:
    case Op::items_end:
    case Op::signal:
    case Op::peer:
    case Op::ping:
    case Op::lost:
      log::warn("the supervisor sent operation {}, which is not its own",
                static_cast<int>(message.op));
      return;
  }
  std::abort();
}

void Keeper::hold(const std::string& name, std::vector<UniqueFd> fds) {
  const bool replaces = items_.holds(name);
  const Descriptors held = items_.put(name, std::move(fds));
  if (!name.starts_with(kListenPrefix)) return;
  if (replaces) manager_.remove(name);
  manager_.store(name, held);
}

void Keeper::on_started(int code) {
  if (std::exchange(started_, true)) return;
  if (options_.ready) {
    const char byte = static_cast<char>(code);
    // Whoever waited may have gone: then nobody wants to know.
    static_cast<void>(!::write(options_.ready.get(), &byte, 1));
    options_.ready.reset();
  }
  const std::string ready = serving_ ? "" : "READY=1\n";
  manager_.tell(ready + (code == 0 ? "STATUS=running" : "STATUS=some groups did not start"));
}

void Keeper::leave(int code) {
  if (exit_code_) return;
  exit_code_ = std::clamp(code, 0, 255);
  if (!shutdown_wanted_) manager_.tell("STOPPING=1");
  leave_deadline_ = Clock::now() + options_.leave_limit;
  watch_.ended();
  logger_watch_.ended();
  for (Role* role : {&supervisor_, &logger_}) {
    role->retire();
    role->disconnect();
  }
}

void Keeper::enforce_leaving(Clock::time_point now) {
  if (!exit_code_ || now < leave_deadline_) return;
  for (const Role* role : {&supervisor_, &logger_}) {
    if (!role->alive()) continue;
    log::error("the {} (process {}) does not leave: killed", role->name(), role->pid());
    // Our own child, not reaped yet: the PID is nobody else's.
    ::kill(role->pid(), SIGKILL);
  }
  ++kills_;
  leave_deadline_ = now + options_.leave_limit;
}

}  // namespace superd::keeper
