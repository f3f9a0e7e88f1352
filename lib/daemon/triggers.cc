#include "daemon/triggers.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/path_watch.h"
#include "daemon/trigger_subjects.h"
#include "loop/timer.h"

namespace superd::daemon {
namespace {

// Rounds of looks until somebody who waits for quiet goes on: while looks are taken more may
// happen, without end.
constexpr int kMostRounds = 3;

}  // namespace

struct Triggers::Watched {
  struct Waiter {
    std::function<void()> then;
    int rounds = kMostRounds;
  };

  core::GroupSpec spec;
  std::unique_ptr<PathWatch> watch{};
  std::vector<Waiter> waiters{};
  std::optional<loop::Timer> patience{};
  bool file_exists = false;
  bool releasing = false;  // when all is settled

  std::vector<Waiter> take_waiters(int most_rounds_left) {
    std::vector<Waiter> taken;
    for (Waiter& waiter : waiters) {
      if (waiter.rounds <= most_rounds_left) taken.push_back(std::move(waiter));
    }
    std::erase_if(waiters, [&](const Waiter& waiter) { return waiter.rounds <= most_rounds_left; });
    return taken;
  }
};

Triggers::Triggers(loop::Loop& loop, Automatic& automatic) : loop_(loop), automatic_(automatic) {}

Triggers::~Triggers() = default;

void Triggers::set(const core::GroupSpec& group) {
  const auto known = groups_.find(group.name);
  if (known != groups_.end() && watch_the_same(known->second->spec, group)) return;
  const bool held = automatic_.holds(group.name, Automatic::Holder::file);
  remove(group.name);
  // A new file is looked for before what was due may act.
  if (held && !group.hold_file) automatic_.release(group.name, Automatic::Holder::file);
  if (group.triggers.empty() && !group.hold_file) return;
  auto owned = std::make_unique<Watched>(Watched{.spec = group});
  Watched& watched = *owned;
  groups_[group.name] = std::move(owned);
  const std::size_t first_trigger = group.hold_file ? 1 : 0;
  watched.watch = std::make_unique<PathWatch>(
      loop_, turns_, group.name, subjects_of(group),
      PathWatch::Callbacks{
          .on_change =
              [this, &watched, first_trigger](std::size_t subject,
                                              const core::Comparison::Result& seen) {
                if (subject < first_trigger) return;
                on_fired(watched, watched.spec.triggers[subject - first_trigger], seen);
              },
          .on_look =
              [this, &watched, first_trigger](std::size_t subject, std::size_t existing) {
                if (subject < first_trigger) on_hold_file(watched, existing);
              },
          .on_round = [this, &watched] { on_round(watched); }});
}

void Triggers::remove(const std::string& group) {
  const auto found = groups_.extract(group);
  if (found.empty()) return;
  // Nobody else tells them.
  for (const Watched::Waiter& waiter : found.mapped()->take_waiters(kMostRounds)) waiter.then();
}

void Triggers::on_fired(const Watched& watched, const core::TriggerSpec& trigger,
                        const core::Comparison::Result& seen) {
  const std::string& group = watched.spec.name;
  const std::string what = changed_text(seen);
  log::info("{}: trigger fired: {}{}", group, what,
            automatic_.held(group) ? "; the group is held" : "");
  automatic_.request(group, trigger.action, "trigger " + seen.names.front());
}

void Triggers::on_hold_file(Watched& watched, std::size_t existing) {
  const std::string& group = watched.spec.name;
  watched.file_exists = existing > 0;
  if (!watched.file_exists) return;
  if (!automatic_.hold(group, Automatic::Holder::file, *watched.spec.hold_file)) return;
  log::info("{}: held while {} exists", group, *watched.spec.hold_file);
}

void Triggers::on_round(Watched& watched) {
  for (Watched::Waiter& waiter : watched.waiters) --waiter.rounds;
  const int most = watched.watch->settling() ? 0 : kMostRounds;
  for (const Watched::Waiter& waiter : watched.take_waiters(most)) waiter.then();
  const bool held = automatic_.holds(watched.spec.name, Automatic::Holder::file);
  if (watched.file_exists || watched.releasing || !held) return;
  watched.releasing = true;
  when_settled(watched.spec.name, [this, &watched] { release(watched); });
}

void Triggers::release(Watched& watched) {
  const std::string& group = watched.spec.name;
  watched.releasing = false;
  if (watched.file_exists) return;
  const auto held = automatic_.held(group);
  if (!automatic_.release(group, Automatic::Holder::file)) return;
  log::info("{}: {} is gone, which ends the hold: {}", group, *watched.spec.hold_file, *held);
}

void Triggers::when_settled(const std::string& group, std::function<void()> then) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return then();
  Watched& watched = *found->second;
  watched.watch->hurry();
  if (!watched.watch->settling()) return then();
  watched.waiters.push_back({.then = std::move(then)});
  if (watched.patience) return;
  watched.patience.emplace(loop_, [&watched] {
    watched.patience.reset();
    for (const Watched::Waiter& waiter : watched.take_waiters(kMostRounds)) waiter.then();
  });
  watched.patience->after(kPatience);
}

std::optional<std::string> Triggers::degraded(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::nullopt : found->second->watch->degraded();
}

std::size_t Triggers::watches(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? 0 : found->second->watch->watches();
}

}  // namespace superd::daemon
