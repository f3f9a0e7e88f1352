#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/supervisor_state.h"
#include "keeper/exit_record.h"
#include "os/process.h"

namespace superd::daemon {
namespace {

// How long clients may take to read their last answers at a shutdown.
constexpr std::chrono::seconds kLastAnswers{2};
constexpr std::chrono::milliseconds kLastAnswerOfUpgrade{300};
// How long a shutdown without grace waits for what KILL has not ended.
constexpr std::chrono::seconds kLastLeftovers{10};

}  // namespace

void Supervisor::on_keeper() {
  keeper_.flush();
  for (keeper::Message& message : keeper_.read()) {
    if (std::holds_alternative<keeper::KeeperGone>(message)) return leave_to_the_next();
    if (const auto* failed = std::get_if<keeper::UpgradeFailed>(&message)) {
      upgrade_.failed(failed->error);
    }
    if (const auto* signal = std::get_if<keeper::SignalArrived>(&message)) {
      on_signal(signal->number);
      if (signal->number == SIGHUP) look_after_paths();
    } else if (auto* peer = std::get_if<keeper::Peer>(&message)) {
      logger_.set_channel(std::move(peer->fd));
    }
  }
  look_after_paths_if_due();
  sync_keeper();
}

// The keeper has gone, or is another program, whose supervisor waits for the end of this one:
// nothing is touched any more. Who asked for an upgrade still gets the answer.
void Supervisor::leave_to_the_next() {
  keeper_gone_ = true;
  keeper_poll_.reset();
  if (!upgrade_.under_way()) return loop_.stop();
  upgrade_.done();
  commands_.leave_to_the_next();
  routes_.leave_to_the_next();
  apply_.abandon(
      "superd becomes another program meanwhile: superctl apply --dry-run tells what is left");
  leave_timer_.emplace(loop_, [this] { loop_.stop(); });
  leave_timer_->after(kLastAnswerOfUpgrade);
  control_server_->stop([this] { loop_.stop(); });
}

Upgrade::Hooks Supervisor::upgrade_hooks() {
  return {.save =
              [this] {
                // The other program reads it by its path.
                journal_.look_after();
                journal_.note_daemon(spec_, {.start_told = boot_told_, .upgrading = true});
                return keep_requests();
              },
          .ask_keeper =
              [this] {
                Status asked = keeper_.upgrade();
                sync_keeper();
                return asked;
              },
          .resume =
              [this] {
                journal_.note_daemon(spec_, {.start_told = boot_told_});
                journal_.flush();
              }};
}

void Supervisor::sync_keeper() {
  keeper_.flush();
  if (keeper_poll_) keeper_poll_->watch({.readable = true, .writable = keeper_.wants_write()});
}

void Supervisor::on_signal(int number) {
  const std::string cause = "signal " + signal_name(number);
  if (number != SIGTERM && number != SIGINT) {
    if (!core_.shutting_down() && signal_orders_.arrived(number)) return;
    if (!core_.shutting_down() && number == SIGHUP) return apply_.request(cause);
    if (!core_.shutting_down() && number == SIGUSR1) return reopen_logs(cause);
    if (!core_.shutting_down() && number == SIGUSR2) return upgrade_.request(cause, Responder());
    log::write(number == SIGWINCH ? log::Level::debug : log::Level::info,
               cause + " has no meaning here and changes nothing");
    return;
  }
  const bool again = core_.shutting_down();
  log::info("{}: {}", cause, again ? "killing what is left" : "stopping all workers, then leaving");
  if (again && leftovers_.ending() && !finished_) {
    leftovers_.hurry();
    leave_timer_.emplace(loop_, [this] { finish(); });
    leave_timer_->after(kLastLeftovers);
  }
  happen(core::ShutdownRequested{
      .cause = cause, .urgency = again ? core::Urgency::at_once : core::Urgency::ordered});
}

void Supervisor::reopen_logs(const std::string& cause) {
  logger_.reopen([cause](const std::optional<std::vector<logs::Line>>& done) {
    if (done) {
      log::info("{}: the log files are opened anew", cause);
    } else {
      log::warn("{}: the logger does not answer", cause);
    }
  });
}

void Supervisor::on_exits() {
  const auto records = keeper::read_exits(exits_.get(), 256);
  if (!records) return;
  for (const keeper::ExitRecord& record : *records) {
    log::debug("process {} that came home has ended, wait status {}", record.process.pid,
               os::to_wait_status(record.exit));
    spawner_.reaped(record.process, record.exit);
  }
}

std::string Supervisor::busy() const {
  return core_.shutting_down() ? "superd is shutting down" : "";
}

wire::SuperdView Supervisor::superd_view() const {
  wire::SuperdView view;
  view.version = SUPERD_VERSION;
  view.pid = keeper_pid_;
  view.supervisor_pid = getpid();
  view.uptime_s = std::chrono::duration_cast<std::chrono::seconds>(loop::now() - began_).count();
  view.tracking = tracking_.tracker->description();
  const std::vector<pid_t> unknown = tracking_.tracker->unknown();
  if (!unknown.empty()) view.unknown.emplace(unknown.begin(), unknown.end());
  return view;
}

void Supervisor::finish() {
  if (finished_) return;
  finished_ = true;
  for (const pid_t pid : tracking_.tracker->unknown()) {
    log::warn("process {} came home from a worker, and whose it is cannot be told: left alone",
              pid);
  }
  leave_timer_.emplace(loop_, [this] { leave(); });
  leave_timer_->after(kLastAnswers);
  event_feed_.end();
  log_feed_.end();
  if (worker_server_) worker_server_->stop([] {});
  apply_.abandon("superd is shutting down");
  control_server_->stop(
      [this] { errands_.finish([this] { hooks_.finish([this] { leave(); }); }); });
}

// Of spawns that are gone and whose socket could not be removed then.
void Supervisor::remove_notify_sockets() {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(notify_dir(spec_.daemon.runtime_dir), error)) {
    const core::SpawnId spawn{std::strtoull(entry.path().filename().c_str(), nullptr, 10)};
    if (!spawner_.process_of(spawn)) ::unlink(entry.path().c_str());
  }
}

void Supervisor::leave() {
  leave_timer_.reset();
  hooks_.abandon();
  orphan_hooks_.abandon();
  listeners_.close();
  remove_own_sockets();
  remove_pid_file();
  remove_notify_sockets();
  for (const char* dir : {"/notify", "/sockets"}) {
    ::rmdir((spec_.daemon.runtime_dir + dir).c_str());
  }
  tracking_.tracker->close();
  journal_.remove();
  log::info("all workers are gone; leaving");
  (void)keeper_.finished(0);
  sync_keeper();
  loop_.stop();
}

}  // namespace superd::daemon
