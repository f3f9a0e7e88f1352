#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/supervision.h"
#include "daemon/apply.h"
#include "daemon/automatic.h"
#include "daemon/before.h"
#include "daemon/commands.h"
#include "daemon/demand.h"
#include "daemon/errands.h"
#include "daemon/event_feed.h"
#include "daemon/event_history.h"
#include "daemon/history.h"
#include "daemon/holds.h"
#include "daemon/hooks.h"
#include "daemon/http_server.h"
#include "daemon/idle.h"
#include "daemon/journal.h"
#include "daemon/leftovers.h"
#include "daemon/listeners.h"
#include "daemon/log_feed.h"
#include "daemon/metrics.h"
#include "daemon/occurrences.h"
#include "daemon/orders.h"
#include "daemon/orphan_hooks.h"
#include "daemon/own_commands.h"
#include "daemon/readiness.h"
#include "daemon/recipe.h"
#include "daemon/rehearsals.h"
#include "daemon/rolls.h"
#include "daemon/routes.h"
#include "daemon/schedules.h"
#include "daemon/signal_orders.h"
#include "daemon/spawner.h"
#include "daemon/supervisor.h"
#include "daemon/tally.h"
#include "daemon/timers.h"
#include "daemon/tracker.h"
#include "daemon/triggers.h"
#include "daemon/upgrade.h"
#include "keeper/keeper_link.h"
#include "logs/logger_client.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace superd::daemon {

// What the keeper holds the control socket as.
inline constexpr const char* kControlItem = "control";
inline constexpr const char* kWorkerItem = "worker";
inline const char* item_of(Door door) { return door == Door::control ? kControlItem : kWorkerItem; }

// Where the second names of unix sockets are (os/unix_path.h).
inline std::string anchor_dir(const std::string& runtime_dir) { return runtime_dir + "/sockets"; }

// Where the keeper died as well, the processes themselves tell whose they are; no group: none does.
core::WorkerRef worker_of_environment(const std::vector<pid_t>& pids);

// superd's own log, as [superd] has it.
void configure_log(const core::DaemonSpec& daemon);

// What starts a group of which nobody asked that it start now: it begins to wait for a connection
// where it is started on demand.
core::Event start_of(const core::GroupSpec& group, core::CommandId id, const std::string& cause);

// Everything of one supervisor, wired: events go into the core, its effects are carried out, in one
// queue, so that nothing that an effect causes overtakes the effects before it.
class Supervisor {
 public:
  // And the group's name: what the keeper has of a hold by command.
  static constexpr std::string_view kHoldItem = "hold/";

  // `recovered`: what an earlier supervisor left; nothing: this is the first, or begins afresh.
  Supervisor(loop::Loop& loop, core::Spec spec, Journal journal, const SupervisorOptions& options,
             keeper::KeeperLink& keeper);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Takes what the keeper held, opens the sockets, ends what an earlier supervisor left, starts the
  // groups. Then the loop runs until finished() or gone().
  Status begin(std::vector<keeper::Item> items, std::optional<Recovered> recovered);
  // The keeper is gone: leave at once, touching nothing.
  [[nodiscard]] bool keeper_gone() const { return keeper_gone_; }

 private:
  // supervisor.cc: the keeper, the sockets, the beginning and the end.
  void take_items(std::vector<keeper::Item> items);
  void hold_item(core::SpawnId spawn, const core::WorkerRef& worker, keeper::Item& item);
  Status open_directories();
  void clear_directories();
  void end_leftovers();
  void let_go(core::SpawnId spawn);
  void open_listeners(const core::GroupSpec& group);
  // Asks for the autostart groups; they get their turn when the leftovers are gone.
  void boot();
  void tell_started();
  void on_keeper();
  void leave_to_the_next();
  void on_signal(int number);
  // Nobody waits for it; the log tells that it was done.
  void reopen_logs(const std::string& cause);
  void on_exits();
  void sync_keeper();
  void finish();
  void remove_notify_sockets();
  void leave();
  [[nodiscard]] std::string busy() const;
  [[nodiscard]] wire::SuperdView superd_view() const;
  // supervisor_doctor.cc: tries what the machine offers; takes some milliseconds.
  [[nodiscard]] wire::DoctorView doctor_view() const;

  // supervisor_paths.cc: the sockets by which superd is reached, and its files.
  [[nodiscard]] Result<os::ListenRequest> request_of(Door door) const;
  Status open_servers();
  Status open_own_socket(Door door);
  Status serve(Door door, int listener);
  // Puts back what somebody has removed: of superd's own, and the paths of the groups' sockets.
  void look_after_paths();
  void look_after_own_socket(Door door);
  void look_after_pid_file();
  void remove_pid_file();
  void restore_sockets();
  void look_after_paths_if_due();
  void remove_own_sockets();

  // supervisor_recover.cc: an earlier supervisor's state becomes this one's.
  Status take_over(const Recovered& recovered);
  // `first`: the keeper is another as well.
  void tell_of_the_one_before(const Recovered& recovered, bool first);
  void find_unmade(const Recovered& recovered);
  Status adopt(const Recovered& recovered, const core::Worker& worker, const core::Life& life);
  // Where superd's keeper died as well: the sockets are in the workers.
  void take_sockets(const Recovered& recovered);
  void read_early_exits();
  void go_on();

  // supervisor_found.cc: without a journal, what the processes themselves prove; nothing: nothing.
  [[nodiscard]] std::optional<Recovered> find_running() const;
  // The workers' main processes, but those of `known` spawns.
  [[nodiscard]] std::map<core::WorkerRef, std::vector<ProcessRecord>> find_processes(
      const std::set<core::SpawnId>& known) const;
  // What was started while the journal could not be written takes its place in what was read back.
  void take_younger(Recovered& recovered);
  bool take_younger(Recovered& recovered, core::Group& group, core::Worker& worker,
                    std::vector<ProcessRecord> spawns);
  [[nodiscard]] bool may_serve(const Recovered& recovered, const core::Life& life) const;
  [[nodiscard]] bool may_be(const core::WorkerRef& worker, uid_t uid) const;

  // supervisor_own.cc: what superd does of its own accord, and what it tells of.
  SignalOrders::Hooks signal_hooks();
  void on_schedule(const std::string& group);
  void note_trigger(const std::string& group, const std::string& cause);
  // A hold by command outlives this supervisor: the keeper keeps it.
  void keep_hold(const std::string& group, wire::HoldAction action);
  // The journal, where no event of the core has it written; nothing once it is the next one's.
  void write_own();
  void tell(core::OccurrenceKind kind, const wire::OccurrenceView& view);
  // The keeper knows of each hook that runs, for the next supervisor.
  Hooks::Keep hook_keep();
  LogFeed::Parts log_feed_parts();
  void drop_hook(pid_t pid);

  // supervisor_config.cc: groups whose configuration changes.
  void close_unused_listeners();
  Apply::Hooks apply_hooks();
  Upgrade::Hooks upgrade_hooks();
  void take_daemon(const core::Spec& wanted);

  // supervisor_effects.cc: the core's wishes.
  void happen(const core::Event& event);
  // Before the effects are carried out.
  void write_down(const std::vector<core::Effect>& effects);
  void keep_tally();
  bool keep_requests();
  void on_counted(const logs::Counted& counted);
  void ask_for_logger();
  void carry_out(const core::MakeRecipe& e);
  void carry_out(const core::DropRecipe& e);
  void carry_out(const core::Spawn& e);
  void carry_out(const core::WatchReadiness& e);
  void carry_out(const core::UnwatchReadiness& e);
  void carry_out(const core::RunBefore& e);
  void carry_out(const core::CancelBefore& e);
  void carry_out(const core::SpecTaken& e);
  void carry_out(const core::GroupGone& e);
  void carry_out(const core::WatchDemand& e);
  void carry_out(const core::UnwatchDemand& e);
  void carry_out(const core::SignalMain& e);
  void carry_out(const core::SignalTree& e);
  void carry_out(const core::KillTree& e);
  void carry_out(const core::Forget& e);
  void carry_out(const core::ArmTimer& e);
  void carry_out(const core::CancelTimer& e);
  void carry_out(const core::WorkerChanged& e);
  void carry_out(const core::GroupChanged& e);
  void carry_out(const core::RollBegan& e);
  void carry_out(const core::RollStep& e);
  void carry_out(const core::RollEnded& e);
  void carry_out(const core::Answer& e);
  void carry_out(const core::ShutdownDone& e);
  void on_timer(const core::TimerKey& key);
  [[nodiscard]] const core::GroupSpec* spec_of(const std::string& group) const;
  // A runner may change the shared socket some time after it counts as ready: its sockets are
  // looked after when it is, and twice in the seconds after.
  void look_after_sockets();

  loop::Loop& loop_;
  core::Spec spec_;
  keeper::KeeperLink& keeper_;
  pid_t keeper_pid_;
  core::TimePoint began_;
  Journal journal_;
  core::Supervision core_;
  std::deque<core::Event> events_;
  bool handling_ = false;

  History history_;
  EventHistory event_history_;
  EventFeed event_feed_;
  Tracking tracking_;
  Recipes recipes_;
  Listeners listeners_;
  logs::LoggerClient logger_;
  Errands errands_;
  Readiness readiness_;
  Spawner spawner_;
  Rehearsals rehearsals_;
  Before before_;
  Demand demand_;
  Idle idle_;
  Timers timers_;
  Rolls rolls_;
  Commands commands_;
  Orders orders_;
  OwnCommands own_commands_;
  Automatic automatic_;
  Triggers triggers_;
  Holds holds_;
  Apply apply_;
  Upgrade upgrade_;
  LogFeed log_feed_;
  Routes routes_;
  Leftovers leftovers_;
  Hooks hooks_;
  OrphanHooks orphan_hooks_;
  Occurrences occurrences_;
  Tally tally_;
  loop::Timer keep_requests_;
  Metrics metrics_;
  SignalOrders signal_orders_;
  Schedules schedules_;

  std::map<std::string, core::SpecPtr> taken_;   // by group: the latest that the core has taken
  std::map<core::SpawnId, Spawner::Held> held_;  // of an earlier supervisor
  std::map<core::SpawnId, core::WorkerRef>
      held_spawns_;                                // of these: whose processes are none of ours
  std::map<os::ProcessId, os::Exit> early_exits_;  // before this supervisor began
  core::Unmade unmade_;  // of an earlier supervisor: nobody can tell that they are workers
  std::set<core::CommandId> boot_commands_;
  bool boot_failed_ = false;
  bool boot_told_ = false;

  std::map<std::string, UniqueFd> control_fds_;  // by the keeper's name for them
  UniqueFd exits_;
  std::unique_ptr<HttpServer> control_server_;
  std::unique_ptr<HttpServer> worker_server_;
  std::optional<loop::Poll> keeper_poll_;
  std::optional<loop::Poll> exits_poll_;
  std::optional<loop::Timer> leave_timer_;
  loop::Timer sockets_timer_;
  core::TimePoint paths_looked_ = loop::now();
  std::size_t socket_looks_ = 0;  // since the latest worker became ready
  bool finished_ = false;
  bool keeper_gone_ = false;
};

}  // namespace superd::daemon
