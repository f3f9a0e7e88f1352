#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/errands.h"
#include "daemon/http_readiness.h"
#include "daemon/listeners.h"
#include "daemon/recipe.h"
#include "loop/loop.h"

namespace superd::daemon {

// roll.rehearse: a process of a recipe runs as worker 1 would, on sockets that nobody else knows in
// place of all of its group's, is asked by ReadySpec::http until an answer counts, and is ended by
// the group's stop signal. Clients never meet a release that cannot answer. Asked is its first
// private socket, as in readiness; without one what stands for the group's first socket.
class Rehearsals {
 public:
  // For one request: a first page may take its time, and nobody waits for it.
  static constexpr std::chrono::milliseconds kRequestLimit{10000};
  // After its stop signal; then its whole tree is killed.
  static constexpr std::chrono::milliseconds kEndLimit{5000};

  struct Parts {
    loop::Loop& loop;
    Listeners& listeners;
    Errands& errands;
  };
  // Its message goes on from `the rehearsal`: `exited with status 1 before it was ready`, `was not
  // ready within 60s: GET / on 127.0.0.1:43211 answered 500`.
  using OnEnd = std::function<void(ErrandEnd)>;

  // `private_dir`: for unix sockets.
  Rehearsals(Parts parts, std::string private_dir);
  ~Rehearsals();
  Rehearsals(const Rehearsals&) = delete;
  Rehearsals& operator=(const Rehearsals&) = delete;

  // `on_end` is called once, now or later, when the process has ended or was killed.
  void run(core::CommandId roll, const core::SpecPtr& group, const Recipes::Shared& recipe,
           OnEnd on_end);
  // Kills it; its end is not told any more.
  void cancel(core::CommandId roll);

 private:
  struct Rehearsal;
  Status begin(Rehearsal& rehearsal, const Recipes::Shared& recipe);
  [[nodiscard]] Rehearsal* find(core::SpawnId errand) const;
  void on_ready(core::SpawnId errand);
  void on_refused(core::SpawnId errand);
  void on_time(core::CommandId roll);
  void on_errand_end(core::CommandId roll, ErrandEnd how);
  // Asks it to leave; what it came to is settled.
  void leave(Rehearsal& rehearsal);
  void finish(core::CommandId roll);

  Parts parts_;
  std::string private_dir_;
  HttpReadiness http_;
  std::map<core::CommandId, std::unique_ptr<Rehearsal>> running_;
};

}  // namespace superd::daemon
