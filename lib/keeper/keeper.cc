#include "keeper/keeper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
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
#include "keeper/exit_pipe.h"
#include "keeper/fd_name.h"
#include "keeper/keeper_link.h"
#include "keeper/keeper_state.h"
#include "keeper/pid_file.h"
#include "keeper/signals.h"
#include "os/listen_socket.h"
#include "os/process.h"
#include "os/runtime_guard.h"

namespace superd::keeper {
namespace {

// Times that a child which does not leave is killed; one that not even then ends is left behind.
constexpr int kKills = 2;

// Of the logger, which is asked along with the supervisor: its own time counts only where that one
// is never asked because it has always something to say.
AliveWatch::Limits logger_limits(AliveWatch::Limits limits) {
  limits.interval += limits.interval / 2;
  return limits;
}

AliveWatch::Limits alive_limits(AliveWatch::Limits limits, const ServiceManager& manager) {
  limits.interval = std::min(limits.interval, manager.watchdog().value_or(limits.interval));
  return limits;
}

// Without it superd runs as well, and the lock on the directory alone keeps a second one out.
UniqueFd take_guard(int runtime_dir) {
  Result<UniqueFd> guard = os::guard_runtime_dir(runtime_dir);
  if (guard) return std::move(*guard);
  log::warn("a second superd is not kept out should the runtime directory be moved or removed: {}",
            guard.error().message);
  return {};
}

}  // namespace

Keeper::Keeper(KeeperOptions options, ServiceManager manager, UniqueFd signals, ExitPipe exits)
    : options_(std::move(options)),
      manager_(std::move(manager)),
      signals_(std::move(signals)),
      exits_(std::move(exits)),
      supervisor_("supervisor", options_.supervisor_argv, KeeperDies::killed),
      logger_("logger", options_.logger_argv, KeeperDies::told),
      watch_(alive_limits(options_.alive, manager_)),
      logger_watch_(logger_limits(options_.alive)) {}

void Keeper::take_given_fds() {
  for (GivenFd& given : std::exchange(options_.given, {})) {
    const auto item = from_fd_name(given.name);
    if (!item || !item->starts_with(kListenPrefix) || !is_item_name(*item)) {
      log::warn("a descriptor of the service manager, named {:?}, is not superd's: closed",
                given.name);
      continue;
    }
    const std::string address = item->substr(std::strlen(kListenPrefix));
    if (const Status good = os::check_listen_socket(given.fd.get(), address); !good) {
      log::warn("a descriptor of the service manager is not the socket of {}: {}: closed", address,
                good.error().message);
      manager_.remove(*item);
      continue;
    }
    log::debug("{} was kept by the service manager", *item);
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(given.fd));
    items_.put(*item, std::move(fds));
  }
}

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
  if (watch_.due()) sooner(*watch_.due());
  if (logger_watch_.due()) sooner(*logger_watch_.due());
  if (room_deadline_) sooner(*room_deadline_);
  if (upgrade_) sooner(upgrade_->deadline());
  if (manager_.waits()) sooner(now + ServiceManager::kRetry);
  if (!exit_code_ && absence_.due()) sooner(*absence_.due());
  for (const Role* role : {&supervisor_, &logger_}) {
    if (role->due()) sooner(*role->due());
  }
  if (!next) return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*next - now).count();
  return static_cast<int>(std::clamp<long>(rest, 0, 60'000));
}

void Keeper::turn() {
  start_due(Clock::now());
  manager_.flush();
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
  look_after_supervisor(Clock::now());
  look_after_logger(Clock::now());
  reap(Clock::now());
  look_after_output(Clock::now());
  enforce_leaving(Clock::now());
  enforce_room(Clock::now());
  // Last, when everything that was read is done.
  continue_upgrade(Clock::now());
}

void Keeper::start_due(Clock::time_point now) {
  bool started = false;
  for (Role* role : {&logger_, &supervisor_}) {
    if (!role->due() || *role->due() > now) continue;
    spares_.release();
    if (!role->start(options_.program.get(), now)) continue;
    started = true;
    if (role == &logger_) ask_logger(now);
    if (role != &supervisor_) continue;
    brief_supervisor();
    watch_.expect(now);
  }
  if (started) connect_peers();
  spares_.refill();
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
  if (supervisor_.replaced() || logger_.replaced()) return;
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

int run_keeper(KeeperOptions options) {
  std::optional<Handover> state;
  if (options.resume) {
    Result<Handover> read = read_handover(options.resume.get());
    if (!read) {
      log::error("what was handed over: {}", read.error().message);
      return 1;
    }
    options.runtime_dir.reset(read->runtime_dir);
    options.guard.reset(read->guard);
    options.ready.reset(read->ready);
    options.resume.reset();
    state = std::move(*read);
  }
  const int runtime_dir = options.runtime_dir.get();
  if (!options.guard) options.guard = take_guard(runtime_dir);
  ServiceManager manager = state ? ServiceManager(state->notify_socket, state->watchdog)
                                 : ServiceManager::from_environment();
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    log::warn("orphans will not come home: {}", std::generic_category().message(errno));
  }
  Result<UniqueFd> signals = take_signals();
  Result<ExitPipe> exits =
      state ? ExitPipe::resume(UniqueFd(state->exits_read), UniqueFd(state->exits_write))
            : ExitPipe::create();
  if (!signals || !exits) {
    log::error("{}", !signals ? signals.error().message : exits.error().message);
    return 1;
  }
  const Status written = write_pid_file(runtime_dir, ::getpid());
  // A directory that was removed since superd was started: the supervisor writes it into the new
  // one.
  const bool removed = state && !written && written.error().code == ENOENT;
  if (!written && !removed) {
    log::warn("{}", written.error().message);
  }
  Keeper keeper(std::move(options), std::move(manager), std::move(*signals), std::move(*exits));
  if (state) {
    keeper.resume(*state);
  } else {
    keeper.take_given_fds();
  }
  const int code = keeper.run();
  remove_pid_file(runtime_dir);
  return code;
}

int check_resume(int fd) {
  const Result<Handover> read = read_handover(fd);
  if (!read) log::error("what was handed over: {}", read.error().message);
  return read ? kCanResume : 1;
}

}  // namespace superd::keeper
