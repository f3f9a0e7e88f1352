#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/supervision.h"

// The pure core on a bench: a clock that is moved by hand, timers that fire when it passes them,
// and an edge whose processes do what a test tells them.
namespace superd::core {

// A group `name` that is ready at READY=1, so that a test says when.
GroupSpec group_spec(std::string name, int workers = 1);

// The same, with the old leaving before the new starts, and no way back.
GroupSpec stop_first_spec(std::string name, int workers = 1);

class Bench {
 public:
  // obedient: a process is made and executes its program at once; asked to leave, it ends by that
  // signal with its whole tree. silent: nothing happens that the test does not tell.
  enum class Manners { obedient, silent };

  // What the edge knows of a spawn.
  struct Process {
    WorkerRef worker;
    int generation = 0;
    std::vector<int> main_signals;
    std::vector<int> tree_signals;
    int kills = 0;
    bool main_gone = false;
    bool forgotten = false;
  };

  explicit Bench(const std::vector<GroupSpec>& groups, int max_starting = 100);
  explicit Bench(const GroupSpec& group) : Bench(std::vector<GroupSpec>{group}) {}

  Manners manners = Manners::obedient;
  // Every recipe differs from those before it: a release directory each.
  bool recipes_differ = true;

  // --- commands; a target is a group (`web`) or a worker (`web.1`)
  CommandId start(const std::string& target);
  CommandId stop(const std::string& target);
  CommandId restart(const std::string& target, Pace pace = Pace::in_turn);
  CommandId configure(const GroupSpec& spec, GroupConfigured::Recipe recipe);
  CommandId remove(const std::string& group);
  void shutdown(Urgency urgency = Urgency::ordered);

  // --- what processes do, each the current one of the worker unless its spawn is named
  void executes(SpawnId spawn);
  // The process that is to become the worker's current one beside it.
  void next_becomes_ready(const std::string& worker);
  void next_ends(const std::string& worker, const Exit& exit) { ends(next(worker), exit); }
  void becomes_ready(const std::string& worker);
  void main_exits(SpawnId spawn, const Exit& exit);
  void tree_gone(SpawnId spawn);
  // Main process and tree.
  void ends(SpawnId spawn, const Exit& exit);
  void ends(const std::string& worker, const Exit& exit) { ends(current(worker), exit); }

  // Any event at all.
  void send(const Event& event);
  // Moves the clock; what is due on the way happens in order.
  void advance(Duration duration);

  // --- what is seen
  [[nodiscard]] const Worker& worker(const std::string& name) const;
  [[nodiscard]] WorkerState state(const std::string& name) const { return worker(name).state; }
  [[nodiscard]] const Group& group(const std::string& name) const { return *core_.find(name); }
  [[nodiscard]] SpawnId current(const std::string& worker) const;
  [[nodiscard]] SpawnId next(const std::string& worker) const;
  // Workers of the group that have a process which serves.
  [[nodiscard]] int ready(const std::string& group) const {
    return census(this->group(group)).ready;
  }
  [[nodiscard]] const Process& process(SpawnId spawn) const { return processes_.at(spawn); }
  [[nodiscard]] const Process& process(const std::string& worker) const {
    return process(current(worker));
  }
  // The spawns of a worker, oldest first.
  [[nodiscard]] std::vector<SpawnId> spawns(const std::string& worker) const;
  // Nothing: not answered yet.
  [[nodiscard]] std::optional<Answer> answer(CommandId command) const;
  [[nodiscard]] bool is_armed(TimerKind kind, SpawnId spawn) const;
  [[nodiscard]] std::size_t armed_timers() const { return timers_.size(); }
  [[nodiscard]] int shutdowns_done() const { return count<ShutdownDone>(); }
  [[nodiscard]] const std::vector<Effect>& effects() const { return effects_; }
  // The recipes that were made and not dropped.
  [[nodiscard]] const std::set<std::pair<std::string, int>>& recipes() const { return recipes_; }
  [[nodiscard]] const Supervision& core() const { return core_; }
  // The states that it went through, from the first on.
  [[nodiscard]] std::vector<std::string> path(const std::string& worker) const;
  [[nodiscard]] std::vector<std::string> group_path(const std::string& group) const;

  template <class E>
  [[nodiscard]] int count() const {
    int found = 0;
    for (const Effect& effect : effects_) found += std::holds_alternative<E>(effect) ? 1 : 0;
    return found;
  }

 private:
  void carry_out(const Effect& effect);
  void leaves(SpawnId spawn, int signal);

  Supervision core_;
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t last_command_ = 0;
  std::map<TimerKey, TimePoint> timers_;
  std::map<SpawnId, Process> processes_;
  std::set<std::pair<std::string, int>> recipes_;
  std::vector<Effect> effects_;
  std::vector<Event> to_come_;
  bool handling_ = false;
};

// `web` with ready workers; they are obedient: asked to leave, they end at once.
Bench serving(const GroupSpec& web, int max_starting = 100);
// By which each worker of `web` runs; 0: it does not.
std::vector<int> generations(const Bench& bench);
// The workers of `web` that have a new process on its way beside the one that serves.
std::vector<int> replaced_now(const Bench& bench);

// web needs cache, cache needs db; web stands first.
std::vector<GroupSpec> chain();
GroupSpec needing(GroupSpec spec, std::vector<std::string> depends_on);
Bench chain_up();
// How the first worker of a command failed.
std::string failure_of(const Bench& bench, CommandId command);

}  // namespace superd::core
