#include "daemon/next_steps.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "core/dependencies.h"

namespace superd::daemon {
namespace {

constexpr std::size_t kNamed = 3;  // workers of a roll that are named one by one

// `at most 42s more`; empty for a deadline that is not set or has passed.
std::string patience(core::TimePoint deadline, core::TimePoint now) {
  if (deadline <= now) return "";
  return fmt::format(" (at most {} more)", human_duration(deadline - now));
}

std::string process(const core::Life& life) {
  return life.pid == 0 ? "the new process" : fmt::format("new process {}", life.pid);
}

std::string while_stopping(const core::Worker& worker, core::TimePoint now) {
  const bool killed = worker.life && worker.life->kills > 0;
  // A deadline of what was killed is the next look at it.
  const std::string left = worker.life && !killed ? patience(worker.life->deadline, now) : "";
  switch (worker.afterwards) {
    case core::Afterwards::rest:
      if (killed) return "it was killed, and stops when the kernel lets go of its processes";
      return "stops, or is killed when stop.timeout is over" + left;
    case core::Afterwards::start:
    case core::Afterwards::respawn:
      if (killed) return "it was killed, and starts again when the kernel lets go of its processes";
      return "starts again when the old process is gone" + left;
  }
  std::abort();
}

// What a roll waits for at this worker, which it has in hand.
std::string in_hand(const core::Worker& worker, core::TimePoint now) {
  std::string name = core::to_string(worker.ref);
  if (worker.queued) return name + ": its turn (superd.max_starting)";
  if (worker.next) {
    return fmt::format("{}: {} to be ready{}", name, process(*worker.next),
                       patience(worker.next->deadline, now));
  }
  if (worker.life && worker.state == core::WorkerState::starting) {
    return fmt::format("{}: {} to be ready{}", name, process(*worker.life),
                       patience(worker.life->deadline, now));
  }
  if (worker.life && worker.state == core::WorkerState::stopping) {
    return fmt::format("{}: old process {} to end{}", name, worker.life->pid,
                       patience(worker.life->deadline, now));
  }
  return name;
}

std::string drains(const core::Worker& worker, core::TimePoint now) {
  const core::Life& old = worker.draining.back();
  return fmt::format("old process {} to end{}", old.pid, patience(old.deadline, now));
}

std::vector<std::string> waits_of(const core::Group& group, core::TimePoint now) {
  const core::Roll& roll = *group.roll;
  if (roll.phase == core::Roll::Phase::before) {
    const bool is_command = roll.preparation == core::Preparation::command;
    return {is_command ? "roll.before" : "its rehearsal"};
  }
  std::vector<std::string> waits;
  std::set<int> leaving;
  for (const auto& [spawn, number] : roll.leaving) leaving.insert(number);
  for (const core::Worker& worker : group.workers) {
    if (roll.in_hand.contains(worker.ref.number)) {
      waits.push_back(in_hand(worker, now));
    } else if (leaving.contains(worker.ref.number) && !worker.draining.empty()) {
      waits.push_back(core::to_string(worker.ref) + ": " + drains(worker, now));
    }
  }
  return waits;
}

std::string on_demand(const core::Group& group) {
  const bool anew = group.demand->recipe == core::Demand::Recipe::anew && group.in_force != 0;
  return std::string("the next connection starts its workers") +
         (anew ? ", by a new generation" : "");
}

}  // namespace

std::string successor_text(const core::Worker& worker) {
  if (!worker.next) return "";
  return fmt::format("{} of generation {} is starting", process(*worker.next),
                     worker.next->generation);
}

std::string next_step(const core::Worker& worker, core::TimePoint now) {
  switch (worker.state) {
    case core::WorkerState::backoff: {
      const core::Duration left = worker.next_attempt - now;
      return fmt::format("respawn in {:.1f}s",
                         std::max(0.0, std::chrono::duration<double>(left).count()));
    }
    case core::WorkerState::starting:
      if (core::waits_for_groups(worker)) return "starts when what it waits for runs (depends_on)";
      if (worker.queued) return "starts when its turn comes (superd.max_starting)";
      return "is ready or fails" + (worker.life ? patience(worker.life->deadline, now) : "");
    case core::WorkerState::stopping:
      return while_stopping(worker, now);
    case core::WorkerState::ready:
      if (worker.next) {
        return fmt::format(
            "{} of generation {} is ready or fails{}; then the old one leaves or "
            "stays",
            process(*worker.next), worker.next->generation, patience(worker.next->deadline, now));
      }
      if (worker.queued) return "a new process starts beside it when its turn comes";
      return worker.draining.empty() ? "" : "waits for " + drains(worker, now);
    case core::WorkerState::stopped:
    case core::WorkerState::failed:
    case core::WorkerState::exited:
    case core::WorkerState::unkillable:
      return "";
  }
  std::abort();
}

std::string next_step(const core::Group& group, core::TimePoint now) {
  if (group.demand) return on_demand(group);
  if (!group.roll) return "";
  const core::Roll& roll = *group.roll;
  std::vector<std::string> waits = waits_of(group, now);
  if (waits.size() > kNamed) {
    const std::size_t more = waits.size() - kNamed;
    waits.resize(kNamed);
    waits.push_back(fmt::format("{} more", more));
  }
  std::string text = fmt::format("roll {} waits for {}", static_cast<std::uint64_t>(roll.id),
                                 waits.empty() ? "its next step" : join(waits, ", "));
  if (!roll.waiting.empty()) {
    text += fmt::format("; {} worker{} after that", roll.waiting.size(),
                        roll.waiting.size() == 1 ? "" : "s");
  }
  if (group.next_roll) {
    text += fmt::format("; then roll {}", static_cast<std::uint64_t>(group.next_roll->ids.front()));
  }
  return text;
}

}  // namespace superd::daemon
