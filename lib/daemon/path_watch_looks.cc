#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/path_watch.h"

namespace superd::daemon {
namespace {

// Where superd looks by itself it spends at most a twentieth of a processor on it.
constexpr int kShare = 20;
constexpr std::chrono::seconds kSlow{10};

// What one look needs; owned by the pool's thread.
struct Task {
  std::shared_ptr<const Subject> subject;
  std::shared_ptr<const core::Snapshot> before;
  std::vector<std::uint64_t> deleted;
};

std::vector<Look> look_at_all(const std::vector<Task>& tasks, const os::Inotify* inotify) {
  std::vector<Look> looks;
  looks.reserve(tasks.size());
  for (const Task& task : tasks) {
    looks.push_back(look(task.subject->order, inotify == nullptr ? -1 : inotify->fd(),
                         task.before.get(), task.deleted));
  }
  return looks;
}

}  // namespace

// Also what the timer calls: begins what is due, and waits for the rest.
void PathWatch::arm() {
  if (ticket_) return;
  std::optional<core::TimePoint> next;
  for (const State& state : states_) {
    for (const std::optional<core::TimePoint>& at : {state.settle.due(), state.early}) {
      if (at && (!next || *at < *next)) next = at;
    }
    if (hurried_ && state.settle.due()) next = core::TimePoint{};
  }
  if (!next) return timer_.cancel();
  if (*next > loop::now()) return timer_.at(*next);
  timer_.cancel();
  ticket_ = turns_.ask([this] { begin_looks(); });
}

std::vector<PathWatch::Round> PathWatch::due_rounds() {
  const core::TimePoint now = loop::now();
  std::vector<Round> rounds;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    const std::optional<core::TimePoint> quiet_at = state.settle.due();
    const bool early = state.early && *state.early <= now;
    const bool quiet = quiet_at && (hurried_ || *quiet_at <= now);
    const bool along = state.subject->looked == Subject::Looked::with_every_other;
    if (!quiet && !early && !along) continue;
    rounds.push_back({.subject = i,
                      .kind = quiet || along ? Round::Kind::settled : Round::Kind::early,
                      .settle = state.settle});
    state.early.reset();
    if (rounds.back().kind == Round::Kind::settled) state.settle.clear();
  }
  hurried_ = false;
  return rounds;
}

void PathWatch::begin_looks() {
  if (!inotify_) open();
  rounds_ = due_rounds();
  std::vector<Task> tasks;
  for (const Round& round : rounds_) {
    State& state = states_[round.subject];
    Task task{.subject = state.subject, .before = state.before, .deleted = {}};
    if (round.kind == Round::Kind::settled) task.deleted = std::exchange(state.deleted, {});
    tasks.push_back(std::move(task));
  }
  slow_.after(kSlow);
  work_.emplace(loop::Work::with_result<std::vector<Look>>(
      loop_,
      [tasks = std::move(tasks), inotify = inotify_] { return look_at_all(tasks, inotify.get()); },
      [this](std::vector<Look> looks) { on_looks(std::move(looks)); }));
}

void PathWatch::on_looks(std::vector<Look> looks) {
  slow_.cancel();
  const std::vector<Round> rounds = std::exchange(rounds_, {});
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    State& state = states_[rounds[i].subject];
    state.interests = std::move(looks[i].interests);
    for (const os::InotifyEvent& event : meanwhile_) tell(state, event);
  }
  meanwhile_.clear();
  drop_stale_watches();
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    callbacks_.on_look(rounds[i].subject, looks[i].seen.existing);
  }
  for (std::size_t i = 0; i < rounds.size(); ++i) judge(rounds[i], std::move(looks[i]));
  tell_degraded();
  for (const Round& round : rounds) plan(states_[round.subject]);
  if (ticket_) turns_.give_back(*std::exchange(ticket_, std::nullopt));
  callbacks_.on_round();
  arm();
}

void PathWatch::judge(const Round& round, Look look) {
  State& state = states_[round.subject];
  const std::uint64_t print_before = std::exchange(state.print, look.seen.print);
  state.took = look.took;
  state.unwatched = std::move(look.unwatched);
  if (look.unseen && look.unseen != state.unseen) {
    log::warn("{}: what changes there is not seen: {}", name_, *look.unseen);
  }
  state.unseen = std::move(look.unseen);
  const core::TimePoint now = loop::now();
  const bool changed = look.seen.changed > 0;
  if (changed && round.kind == Round::Kind::early) {
    if (!state.settle.due()) state.settle.note(now);
    return;
  }
  // No event tells that it is quiet: two looks do that see the same.
  const bool by_looking = no_inotify_ || state.unwatched || state.subject->poll.count() > 0;
  if (changed && by_looking && look.seen.print != print_before) {
    core::Settle again = round.settle;
    again.note(now);
    if (*again.due() > now) {
      state.settle = again;
      return;
    }
  }
  state.before = std::make_shared<const core::Snapshot>(std::move(look.seen.now));
  if (changed) callbacks_.on_change(round.subject, look.seen);
}

void PathWatch::plan(State& state) {
  std::optional<core::Duration> interval;
  if (no_inotify_ || state.unwatched) {
    interval = std::max<core::Duration>(kInterval, kShare * state.took);
  }
  if (const core::Duration poll = state.subject->poll; poll.count() > 0) {
    const core::Duration asked = std::max(poll, 2 * state.took);
    interval = interval ? std::min(*interval, asked) : asked;
  }
  if (!interval) return;
  const core::TimePoint at = loop::now() + *interval;
  state.early = state.early ? std::min(*state.early, at) : at;
}

void PathWatch::drop_stale_watches() {
  std::vector<int> needed;
  for (const State& state : states_) {
    for (const Interest& interest : state.interests) needed.push_back(interest.watch);
  }
  std::ranges::sort(needed);
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  needed.shrink_to_fit();
  std::vector<int> stale;
  std::ranges::set_difference(watched_, needed, std::back_inserter(stale));
  watched_ = std::move(needed);
  if (!inotify_) return;
  for (const int watch : stale) inotify_->remove(watch);
}

void PathWatch::tell_degraded() {
  std::optional<std::string> why = no_inotify_;
  for (const State& state : states_) {
    if (!why) why = state.unwatched;
  }
  if (why == degraded_) return;
  if (why) {
    log::warn("{}: the changes that its triggers wait for are found by looking every {} only: {}",
              name_, print_duration(kInterval), *why);
  } else {
    log::info("{}: the kernel tells of all changes that its triggers wait for again", name_);
  }
  degraded_ = std::move(why);
}

}  // namespace superd::daemon
