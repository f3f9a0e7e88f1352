#include <cerrno>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "keeper/channel.h"
#include "keeper/keeper_state.h"

namespace superd::keeper {
namespace {

std::vector<UniqueFd> own(const std::vector<int>& numbers) {
  std::vector<UniqueFd> fds;
  for (const int number : numbers) fds.emplace_back(number);
  return fds;
}

}  // namespace

Handover Keeper::handover() const {
  Handover state;
  items_.visit("", [&state](const std::string& name, const std::vector<UniqueFd>& fds) {
    Handover::HeldItem& item = state.items.emplace_back();
    item.name = name;
    for (const UniqueFd& fd : fds) item.fds.push_back(fd.get());
  });
  state.pending_signals.assign(pending_signals_.begin(), pending_signals_.end());
  state.exits_read = exits_.read_end()->front().get();
  state.exits_write = exits_.write_fd();
  state.runtime_dir = options_.runtime_dir.get();
  state.guard = options_.guard.get();
  state.ready = options_.ready.get();
  const auto child = [](const Role& role) {
    const Channel* channel = role.channel();
    return Handover::Child{.pid = role.pid(), .link = channel == nullptr ? -1 : channel->fd()};
  };
  state.supervisor = child(supervisor_);
  state.logger = child(logger_);
  state.started = started_;
  state.notify_socket = manager_.socket();
  state.watchdog = manager_.watchdog().value_or(std::chrono::milliseconds(0));
  return state;
}

void Keeper::resume(const Handover& state) {
  for (const Handover::HeldItem& item : state.items) items_.put(item.name, own(item.fds));
  pending_signals_.assign(state.pending_signals.begin(), state.pending_signals.end());
  started_ = state.started;
  const auto now = Clock::now();
  if (state.supervisor.pid > 0) {
    supervisor_.replace(state.supervisor.pid, UniqueFd(state.supervisor.link), now);
  }
  if (state.logger.pid > 0) logger_.replace(state.logger.pid, UniqueFd(state.logger.link), now);
  room_deadline_ = now + options_.leave_limit;
  // What ended in the meantime may not be told by a signal again.
  more_to_reap_ = true;
  log::info("superd goes on with the program that is on disk now");
}

void Keeper::begin_upgrade() {
  // What becomes of the one that is under way is the answer to this one as well.
  if (upgrade_) return;
  if (exit_code_ || shutdown_wanted_) {
    return fail_upgrade({.code = EBUSY, .message = "superd leaves"});
  }
  log::info("superd is to become {}, if that can read the state", options_.program_path);
  Result<Upgrade> begun = Upgrade::begin(options_.program_path, options_.argv, handover(),
                                         Clock::now() + options_.upgrade_limit);
  if (!begun) return fail_upgrade(begun.error());
  upgrade_.emplace(std::move(*begun));
}

void Keeper::on_checked(const os::Exit& exit) {
  if (upgrade_->checked(exit)) return;
  fail_upgrade({.code = EBADMSG,
                .message = fmt::format("{} does not read the state: it {}", options_.program_path,
                                       describe(exit))});
  upgrade_.reset();
}

void Keeper::continue_upgrade(Clock::time_point now) {
  if (!upgrade_) return;
  Channel* channel = supervisor_.channel();
  if (exit_code_ || shutdown_wanted_ || channel == nullptr) {
    fail_upgrade({.code = EBUSY, .message = "superd leaves, or its supervisor has ended"});
  } else if (upgrade_->proven() && channel->between_messages() && !manager_.waits()) {
    fail_upgrade(upgrade_->replace_this_process(handover()));
  } else if (now >= upgrade_->deadline()) {
    fail_upgrade({.code = ETIMEDOUT,
                  .message = upgrade_->proven() ? "the supervisor does not come to rest"
                                                : "the new program does not end its check"});
  } else {
    return;
  }
  upgrade_->give_up();
  upgrade_.reset();
}

void Keeper::fail_upgrade(const Error& reason) {
  log::error("superd goes on as it is: {}", reason.message);
  Channel* channel = supervisor_.channel();
  if (channel == nullptr) return;
  const Status told =
      channel->send({.op = Op::upgrade, .value = reason.code == 0 ? EBADMSG : reason.code});
  if (!told) log::warn("the supervisor does not learn it: {}", told.error().message);
}

void Keeper::enforce_room(Clock::time_point now) {
  if (!room_deadline_) return;
  if (!supervisor_.replaced() && !logger_.replaced()) return room_deadline_.reset();
  if (now < *room_deadline_) return;
  for (const Role* role : {&supervisor_, &logger_}) {
    if (!role->replaced()) continue;
    log::error("the {} (process {}) makes no room: killed", role->name(), role->pid());
    // Our own child, not reaped yet: the PID is nobody else's.
    ::kill(role->pid(), SIGKILL);
  }
  room_deadline_ = now + options_.leave_limit;
}

}  // namespace superd::keeper
