#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "daemon/rolls.h"
#include "wire/json.h"

// Rolls over the life of a supervisor: as the clients see them, and what follows them needs.
namespace superd::daemon {
namespace {

using nlohmann::json;

constexpr std::uint64_t kNoSteps = std::numeric_limits<std::uint64_t>::max();

std::int64_t to_number(Rolls::Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

Rolls::Time to_time(std::int64_t number) { return Rolls::Time(std::chrono::microseconds(number)); }

}  // namespace

std::string Rolls::key_of(core::CommandId id, std::uint64_t step) {
  return fmt::format("roll/{}/{:020}", static_cast<std::uint64_t>(id), step);
}

void Rolls::keep(core::CommandId id) {
  id = serving(id);
  const Entry* entry = find(id);
  if (entry == nullptr) return;
  std::vector<std::uint64_t> spawns;
  for (const Failed& failed : entry->failed) {
    spawns.push_back(static_cast<std::uint64_t>(failed.spawn));
  }
  json j = {{"view", wire::to_text(*view(id, kNoSteps))},
            {"is_roll", entry->began_roll},
            {"began", to_number(entry->began)},
            {"replaced", entry->replaced},
            {"newest_failed", entry->newest_failed},
            {"returned", entry->returned},
            {"failed_spawns", spawns},
            {"before_failed", entry->before_failed}};
  if (entry->ended) j["ended"] = to_number(*entry->ended);
  keep_(key_of(id, 0), wire::to_text(j));
}

void Rolls::keep_step(core::CommandId id, const wire::RollStepView& step) {
  json j = {{"number", step.number},
            {"time", step.time},
            {"worker", step.worker},
            {"kind", step.kind},
            {"message", step.message}};
  if (step.pid) j["pid"] = *step.pid;
  keep_(key_of(id, step.number), wire::to_text(j));
}

void Rolls::drop(core::CommandId id) {
  keep_(fmt::format("roll/{}/", static_cast<std::uint64_t>(id)), "");
}

void Rolls::restore(const std::string& key, const std::string& text) {
  std::uint64_t id = 0;
  std::uint64_t step = 0;
  const char* end = key.data() + key.size();
  const auto slash = key.rfind('/');
  const auto parse = [&](std::size_t from, std::uint64_t& number) {
    return from <= key.size() && std::from_chars(key.data() + from, end, number).ec == std::errc();
  };
  if (!parse(std::strlen("roll/"), id) || !parse(slash + 1, step)) return;
  try {
    if (step == 0) {
      restore_head(core::CommandId{id}, text);
    } else {
      restore_step(core::CommandId{id}, text);
    }
  } catch (const std::exception& error) {
    log::warn("journal: {}: {}", key, error.what());
  }
}

void Rolls::restore_head(core::CommandId id, const std::string& text) {
  const json j = json::parse(text);
  const Result<wire::RollView> view =
      wire::from_text<wire::RollView>(j.at("view").get<std::string>());
  if (!view) throw std::invalid_argument(view.error().message);
  Entry entry;
  entry.asked = {.action = view->action,
                 .target = {.group = view->group, .worker = 0},
                 .cause = view->cause,
                 .workers = view->workers};
  const auto worker = core::parse_worker_ref(view->worker.value_or(""));
  if (worker) entry.asked.target.worker = worker->number;
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
  entry.left_out = view->left_out.value_or(0);
  if (entry.began_roll) {
    core::CommandId& last = last_rolls_.try_emplace(view->group, id).first->second;
    last = std::max(last, id);
  }
  const bool is_over = entry.ended.has_value();
  entries_[id] = std::move(entry);
  if (!is_over) return;
  const auto later = std::find_if(over_.begin(), over_.end(), [&](core::CommandId one) {
    return find(one)->ended > entries_[id].ended;
  });
  over_.insert(later, id);
}

void Rolls::restore_step(core::CommandId id, const std::string& text) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  const json j = json::parse(text);
  wire::RollStepView step{.number = j.at("number").get<std::uint64_t>(),
                          .time = j.value("time", ""),
                          .worker = j.value("worker", ""),
                          .kind = j.value("kind", ""),
                          .message = j.value("message", ""),
                          .pid = {}};
  if (j.contains("pid")) step.pid = j["pid"].get<std::int64_t>();
  last_step_ = std::max(last_step_, step.number);
  const std::uint64_t left_out = entry->left_out;
  add_step(id, *entry, std::move(step));
  entry->left_out = left_out;
}

}  // namespace superd::daemon
