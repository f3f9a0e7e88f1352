#pragma once

#include <deque>
#include <optional>
#include <string>

#include "keeper/alive_watch.h"
#include "keeper/crash_count.h"
#include "keeper/exit_pipe.h"
#include "keeper/handover.h"
#include "keeper/item_store.h"
#include "keeper/keeper.h"
#include "keeper/logger_absence.h"
#include "keeper/pipe_relief.h"
#include "keeper/role.h"
#include "keeper/service_manager.h"
#include "keeper/signals.h"
#include "keeper/upgrade.h"
#include "os/process.h"
#include "os/spare_descriptors.h"

namespace superd::keeper {

inline bool asks_for_shutdown(int signal) { return signal == SIGTERM || signal == SIGINT; }

// The keeper process, wired: what run_keeper() runs.
class Keeper {
 public:
  Keeper(KeeperOptions options, ServiceManager manager, UniqueFd signals, ExitPipe exits);
  int run();
  // What the service manager kept of an earlier keeper.
  void take_given_fds();
  // What a keeper of another program, which was this process, has handed over.
  void resume(const Handover& handover);

 private:
  // keeper.cc: the turn, and the starts.
  [[nodiscard]] bool done() const;
  [[nodiscard]] int wait_limit(Clock::time_point now) const;
  void turn();
  void start_due(Clock::time_point now);
  void brief_supervisor();
  void connect_peers();

  // keeper_events.cc: what happens.
  void on_signal(const ArrivedSignal& signal);
  void forward(int signal);
  void reap(Clock::time_point now);
  void on_reaped(const os::Reaped& reaped, Clock::time_point now);
  void on_supervisor_ended(const os::Exit& exit, Clock::time_point now);
  // Of a supervisor that had taken its briefing: one before cannot have read a journal.
  void count_crash(Clock::time_point now);

  // keeper_alive.cc: asks those that were not heard of for long, kills what does not answer.
  void look_after_supervisor(Clock::time_point now);
  void look_after_logger(Clock::time_point now);
  void ask_logger(Clock::time_point now);
  // Whose answer has not come: our own child, not reaped yet, so that the PID is nobody else's.
  static void kill_hanging(const Role& role, const AliveWatch& watch);
  void look_after_output(Clock::time_point now);
  void tell_lost_output();
  void read_supervisor();
  void read_logger();
  void on_message(Channel::Incoming message);
  void hold(const std::string& name, std::vector<UniqueFd> fds);
  void on_started(int code);
  void leave(int code);
  void enforce_leaving(Clock::time_point now);

  // keeper_upgrade.cc: another program takes this one's place.
  void begin_upgrade();
  void continue_upgrade(Clock::time_point now);
  void on_checked(const os::Exit& exit);
  void fail_upgrade(const Error& reason);
  // Kills what does not make room for the new program.
  void enforce_room(Clock::time_point now);
  [[nodiscard]] Handover handover() const;

  // The pair with the child, the program, and the pair between the two children.
  static constexpr std::size_t kSpareDescriptors = 6;

  KeeperOptions options_;
  ServiceManager manager_;
  UniqueFd signals_;
  ExitPipe exits_;
  ItemStore items_;
  Role supervisor_;
  Role logger_;
  // Arrived while no supervisor ran, or not taken by the one that died.
  std::deque<int> pending_signals_;
  // A child that died is started again also where no descriptor is left.
  os::SpareDescriptors spares_{kSpareDescriptors};
  LoggerAbsence absence_;
  PipeRelief relief_;
  AliveWatch watch_;
  AliveWatch logger_watch_;
  // It was killed because it did not answer.
  bool hung_ = false;
  CrashCount crashes_;
  // Stands until a supervisor has taken its briefing.
  bool set_journal_aside_ = false;
  bool shutdown_wanted_ = false;
  int shutdown_deaths_ = 0;
  bool serving_ = false;  // the service manager knows
  bool started_ = false;
  bool more_to_reap_ = false;
  // Set once the shutdown is done: the keeper's own exit status, and when patience ends.
  std::optional<int> exit_code_;
  Clock::time_point leave_deadline_{};
  int kills_ = 0;
  std::optional<Upgrade> upgrade_;
  // When those that are to make room for the new program are killed.
  std::optional<Clock::time_point> room_deadline_;
};

}  // namespace superd::keeper
