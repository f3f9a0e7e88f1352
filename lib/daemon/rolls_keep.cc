#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "daemon/rolls.h"
#include "wire/json.h"

// Rolls over the life of a supervisor: as the clients see them, and what follows them needs.
namespace superd::daemon {
namespace {

using nlohmann::json;

std::string key_of(core::CommandId id) {
  return fmt::format("roll/{}", static_cast<std::uint64_t>(id));
}

std::int64_t to_number(Rolls::Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Rolls::Time to_time(std::int64_t number) { return Rolls::Time(std::chrono::microseconds(number)); }

}  // namespace

void Rolls::keep(core::CommandId id) {
  id = serving(id);
  const Entry* entry = find(id);
  if (entry == nullptr) return;
  std::vector<std::uint64_t> spawns;
  for (const Failed& failed : entry->failed) {
    spawns.push_back(static_cast<std::uint64_t>(failed.spawn));
  }
  json j = {{"view", json::parse(wire::to_text(*view(id)))},
            {"is_roll", entry->began_roll},
            {"began", to_number(entry->began)},
            {"replaced", entry->replaced},
            {"newest_failed", entry->newest_failed},
            {"returned", entry->returned},
            {"failed_spawns", spawns},
            {"before_failed", entry->before_failed}};
  if (entry->ended) j["ended"] = to_number(*entry->ended);
  keep_(key_of(id), j.dump(-1, ' ', false, json::error_handler_t::replace));
}

void Rolls::drop(core::CommandId id) { keep_(key_of(id), ""); }

void Rolls::restore(const std::string& text) {
  try {
    const json j = json::parse(text);
    const Result<wire::RollView> view = wire::from_text<wire::RollView>(j.at("view").dump());
    if (!view) return log::warn("journal: a roll: {}", view.error().message);
    Entry entry;
    entry.asked.action = view->action;
    entry.asked.target.group = view->group;
    if (view->worker) {
      entry.asked.target.worker =
          core::parse_worker_ref(*view->worker).value_or(core::WorkerRef{}).number;
    }
    entry.asked.cause = view->cause;
    entry.asked.workers = view->workers;
    entry.began_roll = j.value("is_roll", false);
    entry.generation = view->generation;
    entry.began = to_time(j.at("began").get<std::int64_t>());
    if (j.contains("ended")) entry.ended = to_time(j["ended"].get<std::int64_t>());
    entry.result = view->result.value_or("");
    entry.message = view->message;
    entry.replaced = j.value("replaced", entry.replaced);
    entry.newest_failed = j.value("newest_failed", entry.newest_failed);
    entry.returned = j.value("returned", 0);
    const auto spawns = j.value("failed_spawns", std::vector<std::uint64_t>());
    for (std::size_t i = 0; i < view->failed.size(); ++i) {
      entry.failed.push_back(
          {.view = view->failed[i], .spawn = core::SpawnId{i < spawns.size() ? spawns[i] : 0}});
    }
    entry.before_failed = j.value("before_failed", "");
    entry.before_output = view->before.value_or(std::vector<std::string>());
    const auto middle = view->steps.begin() +
                        static_cast<std::ptrdiff_t>(std::min(kFirstSteps, view->steps.size()));
    entry.first_steps.assign(view->steps.begin(), middle);
    entry.last_steps.assign(middle, view->steps.end());
    entry.left_out = view->left_out.value_or(0);
    for (const wire::RollStepView& step : view->steps) {
      last_step_ = std::max(last_step_, step.number);
    }
    const core::CommandId id{view->id};
    if (entry.ended) over_.push_back(id);
    std::sort(over_.begin(), over_.end(), [&](core::CommandId a, core::CommandId b) {
      const auto end = [&](core::CommandId one) {
        return one == id ? entry.ended : find(one)->ended;
      };
      return end(a) < end(b);
    });
    if (entry.began_roll) {
      core::CommandId& last = last_rolls_.try_emplace(view->group, id).first->second;
      last = std::max(last, id);
    }
    entries_[id] = std::move(entry);
  } catch (const std::exception& error) {
    log::warn("journal: a roll: {}", error.what());
  }
}

}  // namespace superd::daemon
