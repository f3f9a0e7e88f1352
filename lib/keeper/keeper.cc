#include "keeper/keeper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "keeper/channel.h"
#include "keeper/crash_count.h"
#include "keeper/exit_pipe.h"
#include "keeper/item_store.h"
#include "keeper/keeper_link.h"
#include "keeper/pid_file.h"
#include "keeper/role.h"
#include "keeper/signals.h"
#include "os/process.h"
#include "os/sd_notify.h"

namespace superd::keeper {
namespace {

// Bounds the work of one turn: thousands of orphans that end together do not keep signals waiting.
constexpr int kReapsPerTurn = 64;
// Supervisors that may die of one shutdown before the keeper leaves without them.
constexpr int kShutdownAttempts = 3;
constexpr std::size_t kMaxPendingSignals = 64;
// Times that a child which does not leave is killed; one that not even then ends is left behind.
constexpr int kKills = 2;

bool asks_for_shutdown(int signal) { return signal == SIGTERM || signal == SIGINT; }

class Keeper {
 public:
  Keeper(KeeperOptions options, std::string notify_socket, UniqueFd signals, ExitPipe exits);
  int run();

 private:
  [[nodiscard]] bool done() const;
  [[nodiscard]] int wait_limit(Clock::time_point now) const;
  void turn();
  void start_due(Clock::time_point now);
  void brief_supervisor();
  void connect_peers();

  void on_signal(const ArrivedSignal& signal);
  void forward(int signal);
  void reap(Clock::time_point now);
  void on_reaped(const os::Reaped& reaped, Clock::time_point now);
  void on_supervisor_ended(const os::Exit& exit, Clock::time_point now);
  // Of a supervisor that had taken its briefing: one before cannot have read a journal.
  void count_crash(Clock::time_point now);

  void read_supervisor();
  void read_logger();
  void on_message(Channel::Incoming message);
  void on_started(int code);
  void leave(int code);
  void enforce_leaving(Clock::time_point now);
  void tell_manager(std::string_view state) const;

  KeeperOptions options_;
  std::string notify_socket_;
  UniqueFd signals_;
  ExitPipe exits_;
  ItemStore items_;
  Role supervisor_;
  Role logger_;
  // Arrived while no supervisor ran, or not taken by the one that died.
  std::deque<int> pending_signals_;
  CrashCount crashes_;
  // Stands until a supervisor has taken its briefing.
  bool set_journal_aside_ = false;
  bool shutdown_wanted_ = false;
  int shutdown_deaths_ = 0;
  bool started_ = false;
  bool more_to_reap_ = false;
  // Set once the shutdown is done: the keeper's own exit status, and when patience ends.
  std::optional<int> exit_code_;
  Clock::time_point leave_deadline_{};
  int kills_ = 0;
};

Keeper::Keeper(KeeperOptions options, std::string notify_socket, UniqueFd signals, ExitPipe exits)
    : options_(std::move(options)),
      notify_socket_(std::move(notify_socket)),
      signals_(std::move(signals)),
      exits_(std::move(exits)),
      supervisor_("supervisor", options_.supervisor_argv),
      logger_("logger", options_.logger_argv) {}

int Keeper::run() {
  while (!done()) turn();
  return exit_code_.value_or(1);
}

bool Keeper::done() const {
  return exit_code_ && ((!supervisor_.alive() && !logger_.alive()) || kills_ >= kKills);
}

int Keeper::wait_limit(Clock::time_point now) const {
  if (more_to_reap_) return 0;
  std::optional<Clock::time_point> next;
  const auto sooner = [&next](Clock::time_point at) { next = next ? std::min(*next, at) : at; };
  if (exit_code_) sooner(leave_deadline_);
  for (const Role* role : {&supervisor_, &logger_}) {
    if (role->due()) sooner(*role->due());
  }
  if (!next) return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*next - now).count();
  return static_cast<int>(std::clamp<long>(rest, 0, 60'000));
}

void Keeper::turn() {
  start_due(Clock::now());
  std::array<pollfd, 3> waiting{};
  waiting[0] = {.fd = signals_.get(), .events = POLLIN, .revents = 0};
  std::size_t slot = 1;
  for (Role* role : {&supervisor_, &logger_}) {
    Channel* channel = role->channel();
    // A closed pair stays readable for ever: its process is about to be reaped.
    const bool open = channel != nullptr && !channel->closed();
    const int events = open && channel->wants_write() ? POLLIN | POLLOUT : POLLIN;
    waiting[slot++] = {
        .fd = open ? channel->fd() : -1, .events = static_cast<short>(events), .revents = 0};
  }
  const int ready = ::poll(waiting.data(), waiting.size(), wait_limit(Clock::now()));
  if (ready < 0 && errno != EINTR) log::error("poll: {}", std::generic_category().message(errno));
  if (waiting[0].revents != 0) {
    for (const ArrivedSignal& signal : read_signals(signals_.get())) on_signal(signal);
  }
  // Before reaping: what a supervisor said before it died counts.
  if (waiting[1].revents != 0) read_supervisor();
  if (waiting[2].revents != 0) read_logger();
  reap(Clock::now());
  enforce_leaving(Clock::now());
}

void Keeper::start_due(Clock::time_point now) {
  bool started = false;
  for (Role* role : {&logger_, &supervisor_}) {
    if (!role->due() || *role->due() > now) continue;
    if (!role->start(options_.program.get(), now)) continue;
    started = true;
    if (role == &supervisor_) brief_supervisor();
  }
  if (started) connect_peers();
}

void Keeper::brief_supervisor() {
  Channel& channel = *supervisor_.channel();
  const Status sent =
      channel.send({.op = Op::item, .name = std::string(kExitsItem), .fds = exits_.read_end()});
  if (!sent) log::error("the exit records cannot be given: {}", sent.error().message);
  items_.give_all(channel, set_journal_aside_ ? kSetJournalAside : 0);
  if (shutdown_wanted_ && std::none_of(pending_signals_.begin(), pending_signals_.end(),
                                       [](int signal) { return asks_for_shutdown(signal); })) {
    pending_signals_.push_back(SIGTERM);
  }
  for (const int signal : std::exchange(pending_signals_, {})) forward(signal);
}

void Keeper::connect_peers() {
  Channel* supervisor = supervisor_.channel();
  Channel* logger = logger_.channel();
  if (supervisor == nullptr || logger == nullptr) return;
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    log::error("supervisor and logger cannot be connected: {}",
               std::generic_category().message(errno));
    return;
  }
  std::size_t end = 0;
  for (Channel* channel : {supervisor, logger}) {
    auto fds = std::make_shared<std::vector<UniqueFd>>();
    fds->emplace_back(pair[end++]);
    // Only the newest pair counts: an end that a stuck process did not take yet is worth nothing.
    channel->take_undelivered(Op::peer);
    const Status sent = channel->send({.op = Op::peer, .fds = std::move(fds)});
    if (!sent) log::warn("a process of superd cannot be connected: {}", sent.error().message);
  }
}

void Keeper::on_signal(const ArrivedSignal& signal) {
  if (signal.number == SIGCHLD) return;  // every turn reaps
  // A terminal sends WINCH whenever its window is resized.
  log::write(signal.number == SIGWINCH ? log::Level::debug : log::Level::info,
             fmt::format("signal {} from process {} of uid {}", signal_name(signal.number),
                         signal.sender, signal.sender_uid));
  if (exit_code_) return;
  if (asks_for_shutdown(signal.number)) {
    if (!std::exchange(shutdown_wanted_, true)) tell_manager("STOPPING=1");
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
  } else {
    log::debug("process {} came home and ended: {}", reaped.process.pid, describe(reaped.exit));
    exits_.record({.process = reaped.process, .exit = reaped.exit});
  }
}

void Keeper::on_supervisor_ended(const os::Exit& exit, Clock::time_point now) {
  if (Channel* channel = supervisor_.channel(); channel != nullptr) {
    for (Channel::Incoming& message : channel->receive_rest()) on_message(std::move(message));
  }
  // leave() has closed the pair if `finished` was among its last words.
  if (Channel* channel = supervisor_.channel(); channel != nullptr) {
    if (channel->take_undelivered(Op::items_end).empty()) count_crash(now);
    for (const auto& lost : channel->take_undelivered(Op::signal)) {
      pending_signals_.push_back(lost.value);
    }
  }
  supervisor_.ended(exit, now);
  if (!shutdown_wanted_ || exit_code_) return;
  supervisor_.hurry(now);
  if (++shutdown_deaths_ < kShutdownAttempts) return;
  log::error("{} supervisors died of the shutdown: superd leaves; workers may be left",
             shutdown_deaths_);
  leave(1);
}

void Keeper::count_crash(Clock::time_point now) {
  set_journal_aside_ = crashes_.crashed(now);
  if (!set_journal_aside_) return;
  log::error("{} supervisors ended within {} s: the next one sets the journal aside",
             CrashCount::kMany, CrashCount::kWindow.count());
}

void Keeper::read_supervisor() {
  for (Channel::Incoming& message : supervisor_.channel()->receive()) {
    on_message(std::move(message));
  }
  supervisor_.kill_if_deaf();
}

void Keeper::read_logger() {
  for (const Channel::Incoming& message : logger_.channel()->receive()) {
    log::warn("the logger sent operation {}, which is not its own", static_cast<int>(message.op));
  }
  logger_.kill_if_deaf();
}

void Keeper::on_message(Channel::Incoming message) {
  switch (message.op) {
    case Op::put:
      if (is_item_name(message.name) && message.name != kExitsItem && !message.fds.empty()) {
        items_.put(message.name, std::move(message.fds));
      }
      return;
    case Op::drop:
      items_.drop(message.name);
      return;
    case Op::ask:
      if (Channel* channel = supervisor_.channel(); channel != nullptr) {
        items_.give(*channel, message.name);
      }
      return;
    case Op::started:
      on_started(message.value);
      return;
    case Op::finished:
      leave(message.value);
      return;
    case Op::ack:
    case Op::item:
    case Op::items_end:
    case Op::signal:
    case Op::peer:
      log::warn("the supervisor sent operation {}, which is not its own",
                static_cast<int>(message.op));
      return;
  }
  std::abort();
}

void Keeper::on_started(int code) {
  if (std::exchange(started_, true)) return;
  if (options_.ready) {
    const char byte = static_cast<char>(code);
    // Whoever waited may have gone: then nobody wants to know.
    static_cast<void>(!::write(options_.ready.get(), &byte, 1));
    options_.ready.reset();
  }
  tell_manager(code == 0 ? "READY=1\nSTATUS=running" : "READY=1\nSTATUS=some groups did not start");
}

void Keeper::leave(int code) {
  if (exit_code_) return;
  exit_code_ = std::clamp(code, 0, 255);
  if (!shutdown_wanted_) tell_manager("STOPPING=1");
  leave_deadline_ = Clock::now() + options_.leave_limit;
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

void Keeper::tell_manager(std::string_view state) const {
  const Status told = os::sd_notify(notify_socket_, state);
  if (!told) log::warn("the service manager was not told: {}", told.error().message);
}

// What the service manager of superd is told belongs to the keeper alone.
std::string take_notify_socket() {
  const char* value = ::getenv("NOTIFY_SOCKET");
  std::string socket = value == nullptr ? "" : value;
  ::unsetenv("NOTIFY_SOCKET");
  return socket;
}

}  // namespace

int run_keeper(KeeperOptions options) {
  const int runtime_dir = options.runtime_dir.get();
  std::string notify_socket = take_notify_socket();
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    log::warn("orphans will not come home: {}", std::generic_category().message(errno));
  }
  Result<UniqueFd> signals = take_signals();
  Result<ExitPipe> exits = ExitPipe::create();
  if (!signals || !exits) {
    log::error("{}", !signals ? signals.error().message : exits.error().message);
    return 1;
  }
  if (const Status written = write_pid_file(runtime_dir, ::getpid()); !written) {
    log::warn("{}", written.error().message);
  }
  Keeper keeper(std::move(options), std::move(notify_socket), std::move(*signals),
                std::move(*exits));
  const int code = keeper.run();
  remove_pid_file(runtime_dir);
  return code;
}

}  // namespace superd::keeper
