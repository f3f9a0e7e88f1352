#include "journal/state_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "journal/spec_json.h"

namespace superd::core {

NLOHMANN_JSON_SERIALIZE_ENUM(Exit::Kind, {{Exit::Kind::unknown, "unknown"},
                                          {Exit::Kind::exited, "exited"},
                                          {Exit::Kind::signaled, "signaled"},
                                          {Exit::Kind::never_ran, "never-ran"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Afterwards, {{Afterwards::rest, "rest"},
                                          {Afterwards::start, "start"},
                                          {Afterwards::respawn, "respawn"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Demand::Recipe, {{Demand::Recipe::in_force, "in-force"},
                                              {Demand::Recipe::anew, "anew"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Roll::Phase, {{Roll::Phase::before, "before"},
                                           {Roll::Phase::replacing, "replacing"},
                                           {Roll::Phase::returning, "returning"},
                                           {Roll::Phase::ending, "ending"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Preparation, {{Preparation::command, "command"},
                                           {Preparation::rehearsal, "rehearsal"}})
NLOHMANN_JSON_SERIALIZE_ENUM(RollResult, {{RollResult::done, "done"},
                                          {RollResult::rolled_back, "rolled-back"},
                                          {RollResult::mixed, "mixed"},
                                          {RollResult::stopped, "stopped"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Pace, {{Pace::in_turn, "in-turn"},
                                    {Pace::at_once, "at-once"},
                                    {Pace::on_demand, "on-demand"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Exit, kind, value, reason, shortage)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ReadyTerms, when, timeout, soak, delay)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Terms, ready, stop)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Failures, in_a_row, recent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(WorkerOutcome, number, ok, message, spawn, left,
                                                exit)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Life, spawn, generation, ready, pid, main_gone,
                                                told_all, kills, survived_kill, started, deadline,
                                                soaks_since, ready_since)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Demand, recipe)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(InHand::Stop, on_behalf_of, cause)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(InHand, stops, removed, held, shutting_down)

void to_json(nlohmann::json& j, const WorkerState& state) { j = name(state); }
void from_json(const nlohmann::json& j, WorkerState& state) {
  state = parse_worker_state(j.get<std::string>()).value_or(WorkerState::stopped);
}
void to_json(nlohmann::json& j, const GroupState& state) { j = name(state); }
void from_json(const nlohmann::json& j, GroupState& state) {
  state = parse_group_state(j.get<std::string>()).value_or(GroupState::stopped);
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Worker, ref, state, surplus, since, cause, message,
                                                life, next, draining, afterwards, queued,
                                                next_cause, roll_to, restarts, failures,
                                                next_attempt, last_exit, last_spawn, starters,
                                                replacers, stoppers)
// Without its configurations, which have numbers.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Roll, id, also, generation, cause, phase,
                                                preparation, strategy, batch, canary_passed,
                                                waiting, in_hand, replaced, returned, holding,
                                                leaving, outcomes, aborted, output, result)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(NextRoll, ids, cause, pace, without)

}  // namespace superd::core

namespace superd::journal {
namespace {

using nlohmann::json;

// Far more than a machine has processes.
constexpr std::size_t kMostWorkers = 1'000'000;

// What a bad value throws is told in one way.
template <class T, class Make>
Result<T> read(std::string_view what, std::string_view text, Make make) {
  try {
    return make(json::parse(text));
  } catch (const std::exception& error) {
    return fail(fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace

std::uint64_t SpecNumbers::of(const core::SpecPtr& spec) {
  if (!spec) return 0;
  const auto found = std::find_if(specs_.begin(), specs_.end(),
                                  [&](const auto& known) { return known.second == spec; });
  if (found != specs_.end()) return found->first;
  specs_[++last_] = spec;
  return last_;
}

core::SpecPtr SpecNumbers::find(std::uint64_t number) const {
  const auto found = specs_.find(number);
  return found == specs_.end() ? nullptr : found->second;
}

void SpecNumbers::add(std::uint64_t number, core::SpecPtr spec) {
  specs_[number] = std::move(spec);
  last_ = std::max(last_, number);
}

void SpecNumbers::forget(std::uint64_t number) { specs_.erase(number); }

std::string to_text(const core::GroupSpec& spec) { return dump(spec); }

std::string to_text(const core::Group& group, SpecNumbers& specs) {
  json j = {{"name", group.name},
            {"spec", specs.of(group.spec)},
            {"workers", group.workers.size()},
            {"in_force", group.in_force},
            {"last_generation", group.last_generation},
            {"recipes", group.recipes},
            {"fingerprints", group.fingerprints},
            {"older", group.policy.older},
            {"state", group.state},
            {"since", group.since},
            {"up_since", group.up_since},
            {"cause", group.cause}};
  if (group.demand) j["demand"] = *group.demand;
  if (group.roll) {
    j["roll"] = *group.roll;
    j["roll"]["spec_before"] = specs.of(group.roll->spec_before);
  }
  if (group.next_roll) {
    j["next_roll"] = *group.next_roll;
    j["next_roll"]["spec"] = specs.of(group.next_roll->spec);
  }
  return dump(j);
}

std::string to_text(const core::Worker& worker) { return dump(worker); }

std::string to_text(const core::InHand& in_hand) { return dump(in_hand); }

Result<core::GroupSpec> spec_from(std::string_view text) {
  return read<core::GroupSpec>("configuration", text,
                               [](const json& j) { return j.get<core::GroupSpec>(); });
}

Result<core::Group> group_from(std::string_view text, const SpecNumbers& specs) {
  const auto make = [&](const json& j) -> Result<core::Group> {
    core::Group group;
    group.name = j.at("name").get<std::string>();
    group.spec = specs.find(j.at("spec").get<std::uint64_t>());
    if (!group.spec) return fail("group " + group.name + ": its configuration is missing");
    group.policy = core::make_policy(*group.spec);
    group.policy.older = j.value("older", group.policy.older);
    const auto workers = j.at("workers").get<std::size_t>();
    if (workers > kMostWorkers) return fail("group " + group.name + ": too many workers");
    group.workers.resize(workers);
    group.in_force = j.at("in_force").get<int>();
    group.last_generation = j.at("last_generation").get<int>();
    group.recipes = j.at("recipes").get<std::set<int>>();
    group.fingerprints = j.value("fingerprints", group.fingerprints);
    group.state = j.at("state").get<core::GroupState>();
    group.since = j.at("since").get<core::TimePoint>();
    group.up_since = j.at("up_since").get<core::TimePoint>();
    group.cause = j.value("cause", "");
    if (j.contains("demand")) group.demand = j["demand"].get<core::Demand>();
    if (j.contains("roll")) {
      group.roll = j["roll"].get<core::Roll>();
      group.roll->spec_before = specs.find(j["roll"].value("spec_before", std::uint64_t{0}));
    }
    if (j.contains("next_roll")) {
      group.next_roll = j["next_roll"].get<core::NextRoll>();
      group.next_roll->spec = specs.find(j["next_roll"].value("spec", std::uint64_t{0}));
    }
    return group;
  };
  Result<Result<core::Group>> group = read<Result<core::Group>>("group", text, make);
  if (!group) return tl::unexpected(group.error());
  return std::move(*group);
}

Result<core::Worker> worker_from(std::string_view text) {
  return read<core::Worker>("worker", text, [](const json& j) { return j.get<core::Worker>(); });
}

Result<core::InHand> in_hand_from(std::string_view text) {
  return read<core::InHand>("what is in hand", text,
                            [](const json& j) { return j.get<core::InHand>(); });
}

}  // namespace superd::journal
