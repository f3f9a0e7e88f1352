#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "core/event.h"
#include "core/spec.h"
#include "core/worker.h"
#include "daemon/journal.h"
#include "daemon/listeners.h"
#include "daemon/readiness.h"
#include "daemon/recipe.h"
#include "daemon/tracker.h"
#include "keeper/keeper_link.h"
#include "logs/logger_client.h"
#include "loop/loop.h"
#include "os/notify_socket.h"

namespace superd::daemon {

// Carries out what the core wants of processes, and tells it what became of them. For each spawn:
// recipe, cgroup, notify socket, output pipes, the process; then its exec report, its messages, its
// exit, the end of its tree. Nothing here waits.
class Spawner {
 public:
  struct Surroundings {
    std::string notify_dir;                    // for the spawns' own notify sockets
    std::string private_dir;                   // for their private sockets
    std::optional<std::string> worker_socket;  // for SUPERD_SOCKET
    std::string log_dir;
    std::vector<core::EnvEntry> environment;  // superd's own
    std::optional<rlim_t> nofile_soft;        // to be given back to workers
  };
  struct Parts {
    loop::Loop& loop;
    Recipes& recipes;
    Listeners& listeners;
    Tracker& tracker;
    Readiness& readiness;
    logs::LoggerClient& logger;
    keeper::KeeperLink& keeper;
    Journal& journal;
  };
  // What the keeper held of a spawn for a later supervisor.
  struct Held {
    core::WorkerRef worker;
    std::vector<UniqueFd> output;
    std::vector<UniqueFd> transit;
    std::vector<UniqueFd> notify;
    std::vector<UniqueFd> sockets;
    std::vector<UniqueFd> ready;
  };
  using Tell = std::function<void(const core::Event&)>;

  Spawner(Parts parts, Surroundings surroundings, Tell tell);
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  void spawn(const core::Spawn& what);
  void signal_main(core::SpawnId spawn, int signal);
  void signal_tree(core::SpawnId spawn, int signal);
  // The stop signal, which is sent once: a supervisor that goes on does not repeat it.
  void ask_main(core::SpawnId spawn, int signal);
  void ask_tree(core::SpawnId spawn, int signal);
  void kill_tree(core::SpawnId spawn);
  void forget(core::SpawnId spawn);

  // Takes over a spawn of an earlier supervisor, as the core has it (`life`): nothing is told
  // before go_on(). `group`: the configuration of its generation. Fails, with nothing done to the
  // process, where something is lacking to know it by (base/shortage.h).
  Status adopt(const ProcessRecord& record, const core::Life& life, core::SpecPtr group, Held held);
  // Tells what became of it meanwhile, and what becomes of it from now on. `exit`: how it ended
  // where the keeper knows.
  void go_on(core::SpawnId spawn, const std::optional<os::Exit>& exit);
  // The main process of a spawn that is not forgotten; nothing: none was made.
  [[nodiscard]] std::optional<os::ProcessId> process_of(core::SpawnId spawn) const;
  // The keeper has reaped a process.
  void reaped(const os::ProcessId& process, const os::Exit& exit);

  // Begins and ends to look, by the group's way, whether the spawn is ready. The end of the spawn
  // ends it as well.
  void watch_readiness(core::SpawnId spawn);
  void unwatch_readiness(core::SpawnId spawn);

  // What keeps a starting spawn from being seen as ready (Readiness::reason), or else what the
  // worker said of itself (STATUS=); empty: nothing.
  [[nodiscard]] std::string status_text(core::SpawnId spawn) const;
  // Of a spawn of an earlier supervisor that has ended and is not adopted: what is left in its
  // pipes is written as `group` wants it today. Nothing: the group is gone, and what the logger has
  // not read is lost.
  void end_output(core::SpawnId spawn, Held held, const core::SpecPtr& group);
  // The logger has written all that came out of the pipes of a process that has ended.
  void output_written(core::SpawnId spawn);
  // The logger has these captures: gives it the missing ones, ends those that are none of ours.
  // `spared`: of an earlier supervisor, whose processes may still write.
  void reconcile_captures(const std::vector<core::SpawnId>& captured,
                          const std::map<core::SpawnId, core::WorkerRef>& spared);

  // `LOG_DIR/web.1.log`
  [[nodiscard]] std::string log_path(const core::WorkerRef& worker) const;

 private:
  struct Process;
  // What the worker writes to; closed here once the process has it.
  struct Output {
    UniqueFd out;
    UniqueFd err;
  };
  // spawner.cc: how a process comes to be.
  void launch(core::SpawnId id, const Result<Recipes::Shared>& recipe);
  Status start(Process& process, const Recipe& recipe);
  Status open_notify_socket(Process& process);
  Status open_sockets(Process& process, const Recipe& recipe);
  // The end that the worker gets; empty: its group has no {fd:ready}.
  Result<UniqueFd> open_ready_pipe(Process& process, const Recipe& recipe);
  Status open_pipe(Process& process, const char* stream, UniqueFd& end);
  void never_ran(core::SpawnId id, const Error& why);

  // spawner_output.cc: what becomes of what it writes.
  Result<Output> open_output(Process& process);
  Status open_transit(Process& process);
  [[nodiscard]] logs::Capture capture_of(const Process& process) const;
  void capture(const Process& process);
  // The pipes of a process that has ended stay until the logger has written what is in them, so
  // that nothing is lost with a logger that is killed meanwhile.
  struct Ended {
    core::WorkerRef worker;
    logs::Capture capture;
    std::vector<UniqueFd> pipes;
  };
  void end_output(Process& process);
  void drop_output(core::SpawnId spawn, const core::WorkerRef& worker);

  // spawner_events.cc: what becomes of it.
  // Tried again until it works.
  void keep_watch(Process& process);
  Status watch(Process& process);
  void on_notify_socket(core::SpawnId id);
  [[nodiscard]] bool speaks_for(const Process& process,
                                const os::ReceivedNotification& message) const;
  void on_notification(Process& process, const os::ReceivedNotification& message);
  void on_exit(core::SpawnId id, core::Exit exit);
  static bool was_probably_out_of_memory(const Process& process, const core::Exit& exit);
  [[nodiscard]] Process* find(core::SpawnId id) const;

  // spawner_adopt.cc: for the next supervisor, and from the one before.
  void note(const Process& process);
  Status take(Process& process, Held held);
  Status take_output(Process& process, std::vector<UniqueFd> handles,
                     std::vector<UniqueFd> transit);
  // Where the keeper died as well.
  Status bind_anew(Process& process);
  std::vector<UniqueFd> output_of(const Process& process);

  Parts parts_;
  Surroundings surroundings_;
  Tell tell_;
  std::map<core::SpawnId, std::unique_ptr<Process>> processes_;
  std::map<core::SpawnId, Ended> ended_;
};

}  // namespace superd::daemon
