#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/supervision.h"
#include "daemon/automatic.h"
#include "daemon/commands.h"
#include "daemon/demand.h"
#include "daemon/errands.h"
#include "daemon/event_feed.h"
#include "daemon/event_history.h"
#include "daemon/history.h"
#include "daemon/holds.h"
#include "daemon/http_server.h"
#include "daemon/listeners.h"
#include "daemon/log_feed.h"
#include "daemon/orders.h"
#include "daemon/rolls.h"
#include "daemon/spawner.h"
#include "daemon/state_views.h"
#include "daemon/tracker.h"
#include "daemon/triggers.h"
#include "daemon/wishes.h"
#include "logs/logger_client.h"
#include "loop/timer.h"
#include "wire/route.h"

namespace superd::daemon {

// Which socket a client came in by.
enum class Door { control, worker };

// What a client may do. A process of a worker's tree has its worker's rights on either socket,
// whatever its uid: it sees its own group and acts on it, and on no other. One of a command that
// runs as a worker would (roll.before, ready.command) sees that group and acts on nothing; it waits
// for no roll of it, which may wait for it. What an earlier supervisor left behind has no rights.
struct Rights {
  bool everything = false;
  std::optional<core::WorkerRef> self;  // the worker that asks
  bool errand = false;                  // a command that runs as `self`
};

// Answers the requests of both sockets: looks things up, or tells the core and waits for it.
class Routes {
 public:
  struct Parts {
    loop::Loop& loop;
    const core::Spec& spec;
    const core::Supervision& core;
    const History& history;
    Tracker& tracker;
    const Errands& errands;
    Spawner& spawner;
    logs::LoggerClient& logger;
    Commands& commands;
    Rolls& rolls;
    Orders& orders;
    Automatic& automatic;
    Triggers& triggers;
    const Demand& demand;
    Holds& holds;
    EventFeed& events;
    const EventHistory& happened;
    LogFeed& logs;
    const Listeners& listeners;
  };
  struct Hooks {
    std::function<void(const core::Event&)> happen;
    // Why nothing can be started or stopped now; empty: it can.
    std::function<std::string()> busy;
    std::function<wire::SuperdView()> superd;
    std::function<wire::DoctorView()> doctor;
    // A worker's wish is about to be done.
    std::function<void(const std::string& group, const std::string& cause)> fired;
    std::function<void(const wire::ApplyRequest& request, const std::string& cause, Responder out)>
        apply;
    std::function<void(const std::string& cause, Responder out)> upgrade;
    std::function<void(Responder out)> metrics;
  };

  Routes(Parts parts, Hooks hooks) : parts_(parts), hooks_(std::move(hooks)) {}

  void handle(Door door, const wire::Request& request, const os::Peer& peer, Responder responder);
  // Where the workers of a group write; nothing: there is none, or its output is not kept.
  [[nodiscard]] std::optional<LogFeed::Sources> log_sources(const std::string& group) const;
  // After every change: answers who waited for a state that is reached.
  void answer_waiters();
  // Another superd is to be asked now.
  void leave_to_the_next();

 private:
  // One request with who asks; `out` is answered, now or later.
  struct Ask {
    Rights rights;
    std::string cause;  // for what it sets in motion
    pid_t asker = 0;    // the peer; 0: not to be seen from here
    Responder out;
  };
  struct Waiter {
    std::function<bool()> reached;
    std::function<wire::Response()> view;
    Responder out;
    std::optional<loop::Timer> timer;
    bool over = false;  // the client's patience, or the client
  };

  static void refuse_more_than_own(Ask& ask);
  void on(Ask ask, const wire::GetStatus& command);
  void on(Ask ask, const wire::GetDoctor& command);
  void on(Ask ask, const wire::GetGroup& command);
  void on(Ask ask, const wire::GetWorker& command);
  void on(Ask ask, const wire::GetGroupPids& command);
  void on(Ask ask, const wire::GetPid& command);
  void on(Ask ask, const wire::GetGroupLogs& command);
  void on(Ask ask, const wire::GetGroupWhy& command);
  void on(Ask ask, const wire::GetWorkerWhy& command);
  void on(Ask ask, const wire::GetEvents& command);
  void on(Ask ask, const wire::GetRoll& command);
  void on(Ask ask, const wire::GetRolls& command);
  void on(Ask ask, const wire::GetMetrics& command);
  void on(Ask ask, const wire::ActOnGroup& command);
  void on(Ask ask, const wire::ActOnWorker& command);
  void on(Ask ask, const wire::SignalGroup& command);
  void on(Ask ask, const wire::SignalWorker& command);
  void on(Ask ask, const wire::ReloadGroup& command);
  void on(Ask ask, const wire::ReloadWorker& command);
  void on(Ask ask, const wire::HoldGroup& command);
  void on(Ask ask, const wire::Apply& command);
  void on(Ask ask, const wire::Upgrade& command);
  void on(Ask ask, const wire::ReopenLogs& command);
  void on(Ask ask, const wire::Shutdown& command);

  // The object of a request, or nothing after an answer 403 or 404.
  const core::Group* find(Ask& ask, const wire::GroupName& name);
  const core::Worker* find(Ask& ask, const wire::WorkerName& name);
  // Whether the client may change something, now; answers 403 or 503 if not.
  bool may_act(Ask& ask);
  // routes_wish.cc: whether a worker asks no more often than it may; answers 429 if it does.
  bool grants_wish(Ask& ask);
  // Whether the command ends the process that asks, or may.
  [[nodiscard]] static bool ends_asker(const Ask& ask, const core::Target& target,
                                       wire::Action action);
  // Takes care of what a worker asks for and the core need not hear of: what would undo a stop, a
  // wait for one's own end, one more roll where the next one waits already. True: answered.
  bool answer_wish(Ask& ask, const core::Target& target, wire::Action action,
                   const wire::ActionRequest& request);
  [[nodiscard]] bool waits_for_own_end(const Ask& ask, core::CommandId id) const;
  // 409; true.
  static bool refuse_wait(Ask& ask);
  [[nodiscard]] Rights rights_of(Door door, const os::Peer& peer) const;

  // routes_act.cc
  void act(Ask ask, const core::Target& target, wire::Action action,
           const wire::ActionRequest& request);
  void signal(Ask ask, const std::string& group, const std::vector<const core::Worker*>& workers,
              const wire::SignalRequest& request, const char* action);
  void reload(Ask ask, const std::string& group, const std::vector<const core::Worker*>& workers);

  // routes_hold.cc
  void hold(Ask ask, const std::string& group);
  void release(Ask ask, const std::string& group);
  void answer_hold(Ask ask, const std::string& group, wire::HoldAction action,
                   const std::string& message);

  void wait_until(Waiter waiter, std::optional<core::Duration> timeout);

  // routes_views.cc
  [[nodiscard]] wire::GroupView group_view(const core::Group& group) const;
  [[nodiscard]] wire::WorkerView worker_view(const core::Worker& worker) const;
  [[nodiscard]] wire::GroupView full_view(const core::Group& group) const;
  [[nodiscard]] wire::WorkerView full_view(const core::Worker& worker) const;
  [[nodiscard]] std::vector<wire::PidView> pids_of(const core::Worker& worker) const;
  [[nodiscard]] wire::PidView pid_view(const core::Worker& worker, core::SpawnId spawn,
                                       pid_t pid) const;
  // Of a process that came home and that nothing attributes.
  static wire::PidView unknown_view(pid_t pid);
  [[nodiscard]] StatusText status_text() const;
  // With the last lines of each worker's last process, as `why` shows them.
  void answer_why(Responder out, wire::HistoryView view,
                  const std::vector<const core::Worker*>& workers);
  [[nodiscard]] const core::GroupSpec& spec_of(const std::string& group) const;
  // Of the group's last roll.
  [[nodiscard]] std::optional<wire::RollView> roll_view(const std::string& group) const;

  Parts parts_;
  Hooks hooks_;
  std::list<Waiter> waiters_;
  Wishes wishes_;
};

}  // namespace superd::daemon
