#include "daemon/rolls.h"

#include <algorithm>
#include <cstdlib>

#include "daemon/roll_text.h"
#include "daemon/state_views.h"

namespace superd::daemon {
namespace {

bool tells_of(const core::WorkerOutcome& outcome, const wire::WorkerOutcomeView& view) {
  const auto worker = core::parse_worker_ref(view.name);
  return worker && worker->number == outcome.number;
}

}  // namespace

void Rolls::ask(core::CommandId id, Asked asked, Time now) {
  Entry& entry = entries_[id];
  entry.asked = std::move(asked);
  entry.began = now;
  keep(id);
}

void Rolls::join(core::CommandId id, core::CommandId roll) {
  const auto found = entries_.find(id);
  if (id == roll || found == entries_.end() || !entries_.contains(roll)) return;
  joined_[id] = {.roll = roll, .asker = found->second.asked.asker};
  entries_.erase(found);
  drop(id);
  if (joined_.size() > kJoined) joined_.erase(joined_.begin());
}

void Rolls::note(const core::RollBegan& e, Time now) {
  Entry& entry = entries_[e.roll];
  entry.asked.action = "restart";
  entry.asked.target = {.group = e.group, .worker = 0};
  entry.asked.cause = e.cause;
  entry.asked.workers = e.workers;
  entry.began_roll = true;
  entry.generation = e.generation;
  entry.began = now;
  last_rolls_[e.group] = e.roll;
  keep(e.roll);
}

void Rolls::note(const core::RollStep& e, Time now) {
  Entry* entry = find(e.roll);
  if (entry == nullptr) return;
  follow(e, *entry);
  wire::RollStepView step;
  step.number = ++last_step_;
  step.time = rfc3339(now);
  if (e.worker != 0) step.worker = core::to_string({.group = e.group, .number = e.worker});
  step.kind = name(e.kind);
  const bool newest_failed = entry->newest_failed.contains(e.worker);
  step.message = describe(
      e, {.replaced = static_cast<int>(entry->replaced.size()),
          .workers = entry->asked.workers,
          .newest = newest_failed ? RollCourse::Newest::failed : RollCourse::Newest::stays});
  if (e.pid != 0) step.pid = e.pid;
  keep_step(serving(e.roll), step);
  add_step(serving(e.roll), *entry, std::move(step));
  keep(e.roll);
}

void Rolls::follow(const core::RollStep& e, Entry& entry) {
  switch (e.kind) {
    case core::RollStep::Kind::ready:
      entry.replaced.insert(e.worker);
      return;
    case core::RollStep::Kind::failed:
      if (e.worker == 0) {
        entry.before_failed = e.message;
        return;
      }
      entry.newest_failed.insert(e.worker);
      note_failed(e.roll, entry,
                  {.number = e.worker, .ok = false, .message = e.message, .spawn = e.spawn});
      return;
    case core::RollStep::Kind::withdrawn:
      entry.newest_failed.insert(e.worker);
      return;
    case core::RollStep::Kind::returned:
      entry.replaced.erase(e.worker);
      ++entry.returned;
      return;
    case core::RollStep::Kind::before:
    case core::RollStep::Kind::before_done:
    case core::RollStep::Kind::rehearsing:
    case core::RollStep::Kind::rehearsed:
    case core::RollStep::Kind::starting:
    case core::RollStep::Kind::gone:
    case core::RollStep::Kind::returning:
      return;
  }
  std::abort();
}

void Rolls::note(const core::RollEnded& e, Time now) {
  Entry* entry = find(e.roll);
  if (entry == nullptr) return;
  entry->message = describe(e, entry->returned, entry->before_failed);
  end(e.roll, *entry, name(e.result), now);
  // By now they have written all that they had to say.
  for (const Failed& failed : std::vector<Failed>(entry->failed)) fetch_output(e.roll, failed);
}

void Rolls::note(const core::Answer& e, Time now) {
  if (e.roll != core::kOwnCommand) join(e.command, e.roll);
  Entry* entry = find(e.command);
  if (entry == nullptr || serving(e.command) != e.command) return;
  entry->before_output = e.output;
  for (const core::WorkerOutcome& outcome : e.workers) {
    if (outcome.ok) continue;
    for (Failed& failed : entry->failed) {
      if (tells_of(outcome, failed.view) && outcome.exit) failed.view.exit = to_view(*outcome.exit);
    }
    // In a roll the others were left as they were because of the one that failed.
    if (!entry->began_roll) note_failed(e.command, *entry, outcome);
  }
  if (entry->began_roll) return;
  entry->message = e.message;
  // A roll that was never begun names no worker.
  const bool never_begun = entry->asked.action == "restart" && e.workers.empty();
  end(e.command, *entry, e.ok ? "done" : never_begun ? "stopped" : "failed", now);
}

core::CommandId Rolls::serving(core::CommandId id) const {
  const auto found = joined_.find(id);
  return found == joined_.end() ? id : found->second.roll;
}

bool Rolls::complete(core::CommandId id) const {
  const Entry* entry = find(id);
  return entry == nullptr || (entry->ended && entry->tails_missing == 0);
}

std::string Rolls::group_of(core::CommandId id) const {
  const Entry* entry = find(id);
  return entry == nullptr ? "" : entry->asked.target.group;
}

std::optional<wire::RollView> Rolls::view(core::CommandId id, std::uint64_t after) const {
  const Entry* entry = find(id);
  if (entry == nullptr) return std::nullopt;
  const Asked& asked = entry->asked;
  wire::RollView view;
  view.id = static_cast<std::uint64_t>(serving(id));
  view.action = asked.action;
  view.group = asked.target.group;
  if (asked.target.worker != 0) {
    view.worker = core::to_string({.group = asked.target.group, .number = asked.target.worker});
  }
  view.cause = asked.cause;
  view.state = !entry->ended ? "running" : entry->result == "done" ? "finished" : "aborted";
  if (entry->ended) view.result = entry->result;
  const auto last = last_of(asked.target.group);
  if (asked.action == "restart" && !view.worker && !entry->ended && !entry->began_roll && last &&
      !find(*last)->ended) {
    view.waits_for = static_cast<std::uint64_t>(*last);
  }
  view.generation = entry->generation;
  view.workers = asked.workers;
  view.replaced = static_cast<int>(entry->replaced.size());
  view.message = entry->message;
  view.began = rfc3339(entry->began);
  if (entry->ended) view.ended = rfc3339(*entry->ended);
  for (const Failed& failed : entry->failed) view.failed.push_back(failed.view);
  if (!entry->before_output.empty()) view.before = entry->before_output;
  const auto wanted = [after](const wire::RollStepView& step) { return step.number > after; };
  std::ranges::copy_if(entry->first_steps, std::back_inserter(view.steps), wanted);
  std::ranges::copy_if(entry->last_steps, std::back_inserter(view.steps), wanted);
  if (entry->left_out > 0) view.left_out = entry->left_out;
  return view;
}

std::vector<core::CommandId> Rolls::all() const {
  std::vector<core::CommandId> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

std::vector<core::CommandId> Rolls::asked_by(pid_t asker) const {
  std::set<core::CommandId> ids;
  if (asker == 0) return {};
  for (const auto& [id, entry] : entries_) {
    if (entry.asked.asker == asker && !entry.ended) ids.insert(id);
  }
  for (const auto& [id, joined] : joined_) {
    const Entry* entry = find(joined.roll);
    if (joined.asker == asker && entry != nullptr && !entry->ended) ids.insert(joined.roll);
  }
  return {ids.begin(), ids.end()};
}

std::optional<core::CommandId> Rolls::last_of(const std::string& group) const {
  const auto found = last_rolls_.find(group);
  if (found == last_rolls_.end()) return std::nullopt;
  return found->second;
}

std::string Rolls::message(core::CommandId id) const {
  const Entry* entry = find(id);
  return entry == nullptr ? "" : entry->message;
}

const Rolls::Entry* Rolls::find(core::CommandId id) const {
  const auto found = entries_.find(serving(id));
  return found == entries_.end() ? nullptr : &found->second;
}

Rolls::Entry* Rolls::find(core::CommandId id) {
  const auto found = entries_.find(serving(id));
  return found == entries_.end() ? nullptr : &found->second;
}

void Rolls::add_step(core::CommandId id, Entry& entry, wire::RollStepView step) {
  if (entry.first_steps.size() < kFirstSteps) {
    entry.first_steps.push_back(std::move(step));
    return;
  }
  entry.last_steps.push_back(std::move(step));
  if (entry.last_steps.size() <= kLastSteps) return;
  keep_(key_of(id, entry.last_steps.front().number), "");
  entry.last_steps.pop_front();
  ++entry.left_out;
}

void Rolls::note_failed(core::CommandId id, Entry& entry, const core::WorkerOutcome& outcome) {
  if (entry.failed.size() == kFailed) return;
  Failed failed{.view = {}, .spawn = outcome.spawn};
  failed.view.name = core::to_string({.group = entry.asked.target.group, .number = outcome.number});
  failed.view.result = wire::Verdict::failed;
  failed.view.message = outcome.message;
  if (outcome.exit) failed.view.exit = to_view(*outcome.exit);
  entry.failed.push_back(failed);
  fetch_output(id, failed);
}

void Rolls::fetch_output(core::CommandId id, const Failed& failed) {
  if (failed.spawn == core::SpawnId{}) return;
  ++find(id)->tails_missing;
  tail_(failed.spawn,
        [this, id, spawn = failed.spawn](std::optional<std::vector<logs::Line>> lines) {
          Entry* entry = find(id);
          if (entry == nullptr) return;
          --entry->tails_missing;
          for (Failed& one : entry->failed) {
            if (one.spawn != spawn || !lines) continue;
            one.view.output.clear();
            for (const logs::Line& line : *lines) one.view.output.push_back(line.text);
          }
          keep(id);
          on_output_();
        });
}

void Rolls::end(core::CommandId id, Entry& entry, std::string result, Time now) {
  entry.ended = now;
  entry.result = std::move(result);
  over_.push_back(id);
  const auto can_go = [this](core::CommandId one) { return last_of(group_of(one)) != one; };
  for (auto left = std::ranges::count_if(over_, can_go); left > static_cast<std::ptrdiff_t>(kKept);
       --left) {
    const auto oldest = std::ranges::find_if(over_, can_go);
    entries_.erase(*oldest);
    drop(*oldest);
    over_.erase(oldest);
  }
  keep(id);
}

}  // namespace superd::daemon
