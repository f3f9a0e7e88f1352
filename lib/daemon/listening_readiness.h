#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/worker_ref.h"
#include "daemon/tracker.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "os/listen_sight.h"

namespace superd::daemon {

// Looks at the trees of starting spawns until they wait on one of their listening sockets, or hold
// a connection accepted from one (os/listen_sight.h). All looks together cost at most a twentieth
// of a CPU; nothing is armed while nothing is starting.
//
// Where the machine forbids looking it says so once for each spawn, goes on looking, and takes one
// sign more: on a unix socket the kernel names who called listen(2) last; a process of the tree
// other than the main one that did so since the watch began, and that itself stays hidden, is
// ready. One that can be looked at is not, whoever else of its tree is hidden. Where nothing tells,
// the spawn is not ready.
class ListeningReadiness {
 public:
  struct Subject {
    core::SpawnId spawn{};
    core::WorkerRef worker;
    pid_t main = 0;
    os::PlainIdentity identity;  // as which it was started
    std::vector<int> sockets;    // borrowed for as long as the watch lasts
  };
  // The watch has ended; called once, from the loop.
  using OnReady = std::function<void(core::SpawnId)>;

  ListeningReadiness(loop::Loop& loop, Tracker& tracker, OnReady on_ready);
  ~ListeningReadiness();
  ListeningReadiness(const ListeningReadiness&) = delete;
  ListeningReadiness& operator=(const ListeningReadiness&) = delete;

  void watch(Subject subject);
  void unwatch(core::SpawnId spawn);
  // Why nothing is seen of a spawn that is watched: `cannot see whether process 812 waits on its
  // socket: /proc/812/fd: Permission denied`; empty: no reason.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  struct Caller;
  struct Watch;
  enum class Listed { before, now };
  void look_around();
  Listed list_trees(loop::TimePoint now);
  static bool sees(Watch& watch, Listed listed);
  static void note_hidden(Watch& watch, const std::optional<os::Hidden>& hidden);
  static bool hidden_called_listen(Watch& watch, const std::vector<pid_t>& pids);
  // 0: nobody whose call says anything.
  static pid_t new_caller(const Subject& subject, int socket, const Caller& known,
                          const std::vector<pid_t>& pids);
  void arm();

  Tracker& tracker_;
  OnReady on_ready_;
  std::map<core::SpawnId, std::unique_ptr<Watch>> watches_;
  loop::TimePoint next_list_{};   // of the trees' processes
  loop::TimePoint not_before_{};  // the looks have used up their share of the CPU till then
  loop::Timer timer_;
};

}  // namespace superd::daemon
