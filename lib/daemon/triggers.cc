#include "daemon/triggers.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/units.h"
#include "core/repetition.h"
#include "daemon/path_watch.h"
#include "daemon/trigger_subjects.h"
#include "loop/timer.h"

namespace superd::daemon {
namespace {

// Rounds of looks until somebody who waits for quiet goes on: while looks are taken more may
// happen, without end.
constexpr int kMostRounds = 3;
// What an application writes when it starts is seen within a second; where superd looks by itself,
// after two looks.
constexpr std::chrono::seconds kSeenWithin = std::chrono::seconds(1) + 2 * PathWatch::kInterval;

// After what was seen of each trigger; a journal's value is one line.
constexpr char kEnd = ';';

void restore_seen(std::string_view text, std::vector<Subject>& subjects, std::size_t first) {
  for (std::size_t i = first; i < subjects.size(); ++i) {
    const std::size_t end = text.find(kEnd);
    if (end == std::string_view::npos) return;
    std::optional<core::Snapshot> seen = core::Snapshot::from(text.substr(0, end));
    if (seen) subjects[i].before = std::make_shared<const core::Snapshot>(std::move(*seen));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

// One trigger on its way from a change to the action.
struct Triggers::Fuse {
  core::TriggerAction action;
  core::Repetition repetition;
  std::string path{};      // of the latest change
  std::string changed{};   // all of it, by changed_text()
  std::string repeated{};  // what made it wait
  core::TimePoint acts_at{};
  std::optional<loop::Timer> later{};  // it waits
  std::shared_ptr<const core::Snapshot> acted_on{};
  std::string kept{};  // its text
};

struct Triggers::Watched {
  struct Waiter {
    std::function<void()> then;
    int rounds = kMostRounds;
  };

  core::GroupSpec spec;
  std::vector<Fuse> fuses{};  // of its triggers
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

Triggers::Triggers(loop::Loop& loop, const core::Supervision& core, Automatic& automatic, Keep keep)
    : loop_(loop), core_(core), automatic_(automatic), keep_(std::move(keep)) {}

Triggers::~Triggers() = default;

void Triggers::set(const core::GroupSpec& group, std::string_view kept) {
  const auto known = groups_.find(group.name);
  if (known != groups_.end() && watch_the_same(known->second->spec, group)) return;
  const bool held = automatic_.holds(group.name, Automatic::Holder::file);
  if (known != groups_.end()) {
    for (Fuse& fuse : known->second->fuses) {
      if (fuse.later) act(group.name, fuse);
    }
  }
  remove(group.name);
  // A new file is looked for before what was due may act.
  if (held && !group.hold_file) automatic_.release(group.name, Automatic::Holder::file);
  if (group.triggers.empty() && !group.hold_file) return;
  auto owned = std::make_unique<Watched>(Watched{.spec = group});
  Watched& watched = *owned;
  for (const core::TriggerSpec& trigger : group.triggers) {
    const core::Duration calm = kSeenWithin + trigger.settle + trigger.poll;
    watched.fuses.push_back({.action = trigger.action, .repetition = core::Repetition(calm)});
  }
  groups_[group.name] = std::move(owned);
  const std::size_t first_trigger = group.hold_file ? 1 : 0;
  std::vector<Subject> subjects = subjects_of(group);
  restore_seen(kept, subjects, first_trigger);
  watched.watch = std::make_unique<PathWatch>(
      loop_, turns_, group.name, std::move(subjects),
      PathWatch::Callbacks{
          .on_change =
              [this, &watched, first_trigger](std::size_t subject,
                                              const core::Comparison::Result& seen) {
                if (subject < first_trigger) return;
                on_fired(watched, subject - first_trigger, seen);
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
  keep_.note(group, "");
  // Nobody else tells them.
  for (const Watched::Waiter& waiter : found.mapped()->take_waiters(kMostRounds)) waiter.then();
}

void Triggers::on_fired(Watched& watched, std::size_t trigger,
                        const core::Comparison::Result& seen) {
  const std::string& group = watched.spec.name;
  Fuse& fuse = watched.fuses[trigger];
  fuse.path = seen.names.front();
  fuse.changed = changed_text(seen);
  const bool held = automatic_.held(group).has_value();
  log::info("{}: trigger fired: {}{}", group, fuse.changed,
            held         ? "; the group is held"
            : fuse.later ? "; it waits already"
                         : "");
  if (fuse.later) return;
  // Of what happens during a hold nothing is acted on but once.
  if (held) return act(group, fuse);
  const core::Duration wait = fuse.repetition.fire(loop::now(), rest_of(group));
  if (wait > core::Duration::zero()) return act_later(group, fuse, wait);
  act(group, fuse);
}

void Triggers::act_later(const std::string& group, Fuse& fuse, core::Duration wait) {
  fuse.acts_at = loop::now() + wait;
  fuse.repeated = fuse.changed;
  fuse.later.emplace(loop_, [this, group, &fuse] { act(group, fuse); });
  fuse.later->after(wait);
  log::warn(
      "{}: {} {} times in a row, each time when its trigger had just acted: it acts again in {}. "
      "If "
      "the application writes it, add it to the trigger's ignore, or leave it out of its paths",
      group, fuse.changed, fuse.repetition.in_a_row(), print_duration(wait));
}

void Triggers::act(const std::string& group, Fuse& fuse) {
  // Perhaps its own callback, which has the names.
  const std::optional<loop::Timer> waited = std::exchange(fuse.later, std::nullopt);
  // Written at once with what the action does, so that neither is without the other.
  keep_seen(*groups_.at(group));
  automatic_.request(group, fuse.action, "trigger " + fuse.path);
}

std::optional<core::TimePoint> Triggers::rest_of(const std::string& name) const {
  const core::Group* group = core_.find(name);
  if (group == nullptr) return std::nullopt;
  // What a command or a signal does repeats nothing.
  if (!group->cause.starts_with("trigger ")) return core::TimePoint{};
  switch (group->state) {
    case core::GroupState::starting:
    case core::GroupState::rolling:
    case core::GroupState::stopping:
      return std::nullopt;
    case core::GroupState::stopped:
    case core::GroupState::running:
    case core::GroupState::degraded:
    case core::GroupState::waiting:
    case core::GroupState::failed:
      return group->since;
  }
  std::abort();
}

void Triggers::keep_seen(Watched& watched) {
  const std::size_t first_trigger = watched.spec.hold_file ? 1 : 0;
  bool is_news = false;
  std::string text;
  for (std::size_t i = 0; i < watched.fuses.size(); ++i) {
    Fuse& fuse = watched.fuses[i];
    const auto& seen = watched.watch->seen(first_trigger + i);
    // What waits to be acted on is found again by the next supervisor.
    if (seen && seen != fuse.acted_on && !fuse.later) {
      const bool same = fuse.acted_on && *fuse.acted_on == *seen;
      fuse.acted_on = seen;
      if (!same) fuse.kept = seen->to_text();
      is_news = is_news || !same;
    }
    text += fuse.kept + kEnd;
  }
  if (is_news) keep_.note(watched.spec.name, std::move(text));
}

void Triggers::on_hold_file(Watched& watched, std::size_t existing) {
  const std::string& group = watched.spec.name;
  watched.file_exists = existing > 0;
  if (!watched.file_exists) return;
  if (!automatic_.hold(group, Automatic::Holder::file, *watched.spec.hold_file)) return;
  log::info("{}: held while {} exists", group, *watched.spec.hold_file);
}

void Triggers::on_round(Watched& watched) {
  keep_seen(watched);
  keep_.flush();
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

std::optional<std::string> Triggers::repeats(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  for (const Fuse& fuse : found->second->fuses) {
    if (!fuse.later) continue;
    const auto left = std::chrono::ceil<std::chrono::seconds>(fuse.acts_at - loop::now());
    return fmt::format(
        "{} {} times in a row, each time when its trigger had just acted: it acts again in {}",
        fuse.repeated, fuse.repetition.in_a_row(), print_duration(left));
  }
  return std::nullopt;
}

std::size_t Triggers::watches(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? 0 : found->second->watch->watches();
}

}  // namespace superd::daemon
