#include "core/recovery.h"

#include <utility>

namespace superd::core {
namespace {

class Resume {
 public:
  Resume(const Group& group, TimePoint now) : g_(group), now_(now) {}

  std::vector<Effect> run() {
    for (const int generation : g_.recipes) {
      if (g_.fingerprints.contains(generation)) continue;
      effects_.push_back(MakeRecipe{.group = g_.name, .generation = generation, .spec = g_.spec});
    }
    for (const Worker& worker : g_.workers) resume(worker);
    if (g_.demand) effects_.push_back(WatchDemand{.group = g_.name});
    if (g_.roll) resume(*g_.roll);
    return std::move(effects_);
  }

 private:
  void resume(const Worker& worker) {
    const bool leaves =
        worker.state == WorkerState::stopping || worker.state == WorkerState::unkillable;
    if (worker.life && leaves) leaving(worker, *worker.life);
    if (worker.life && worker.state == WorkerState::starting) getting_ready(worker, *worker.life);
    if (worker.next) getting_ready(worker, *worker.next);
    for (const Life& life : worker.draining) leaving(worker, life);
    if (worker.state == WorkerState::backoff) {
      arm(TimerKind::backoff, worker, worker.last_spawn, worker.next_attempt);
    }
  }

  void getting_ready(const Worker& worker, const Life& life) {
    if (life.soaks_since) {
      arm(TimerKind::soak, worker, life.spawn, *life.soaks_since + life.ready.soak);
    } else {
      arm(TimerKind::ready_timeout, worker, life.spawn, life.deadline);
    }
  }

  void leaving(const Worker& worker, const Life& life) {
    const StopSpec& stop = terms_of(g_.policy, life.generation).stop;
    if (life.told_all) {
      effects_.push_back(SignalTree{.spawn = life.spawn, .signal = stop.signal});
    } else if (!life.main_gone && life.kills == 0) {
      effects_.push_back(SignalMain{.spawn = life.spawn, .signal = stop.signal});
    }
    if (!life.survived_kill) arm(TimerKind::kill, worker, life.spawn, life.deadline);
  }

  void resume(const Roll& roll) {
    for (const auto& [number, spawn] : roll.holding) {
      const WorkerRef worker{.group = g_.name, .number = number};
      effects_.push_back(
          ArmTimer{.key = {.kind = TimerKind::patience, .worker = worker, .spawn = spawn},
                   .at = now_ + kPatience});
    }
    if (roll.phase != Roll::Phase::before) return;
    effects_.push_back(RunBefore{.group = g_.name,
                                 .generation = roll.generation,
                                 .roll = roll.id,
                                 .what = roll.preparation});
  }

  void arm(TimerKind kind, const Worker& worker, SpawnId spawn, TimePoint at) {
    effects_.push_back(
        ArmTimer{.key = {.kind = kind, .worker = worker.ref, .spawn = spawn}, .at = at});
  }

  const Group& g_;
  TimePoint now_;
  std::vector<Effect> effects_;
};

}  // namespace

void take_back_turns(Group& group, const Unmade& unmade) {
  const auto take_back = [&](Worker& worker, std::optional<Life>& life) {
    if (!life || !unmade.contains(life->spawn)) return;
    const bool in_hand = group.roll && group.roll->in_hand.contains(worker.ref.number);
    if (in_hand) worker.roll_to = life->generation;
    worker.queued = true;
    life.reset();
    if (worker.life) return;
    // What was to take its place, there or queued, has it.
    worker.starters.insert(worker.starters.end(), worker.replacers.begin(), worker.replacers.end());
    worker.replacers.clear();
    if (!worker.next) return;
    worker.life = std::exchange(worker.next, std::nullopt);
    worker.roll_to.reset();
    worker.queued = false;
  };
  for (Worker& worker : group.workers) {
    take_back(worker, worker.next);
    if (worker.state == WorkerState::starting) take_back(worker, worker.life);
  }
}

std::vector<Effect> resume(const Group& group, TimePoint now) { return Resume(group, now).run(); }

}  // namespace superd::core
