#include "daemon/journal.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/number.h"
#include "daemon/journal_json.h"
#include "journal/spec_json.h"

namespace superd::daemon {
namespace {

using journal::dump;
using nlohmann::json;

constexpr std::string_view kDaemon = "daemon";
constexpr std::string_view kInHand = "in-hand";
constexpr std::string_view kCommands = "commands";
constexpr std::string_view kOrder = "order";

std::string spec_key(std::uint64_t number) { return fmt::format("spec/{}", number); }
std::string group_key(const std::string& group) { return "group/" + group; }
std::string worker_key(const core::WorkerRef& worker) {
  return "worker/" + core::to_string(worker);
}
std::string recipes_of(const std::string& group) { return "recipe/" + group + "/"; }
std::string process_key(core::SpawnId spawn) { return "process/" + core::to_string(spawn); }

// Reads a journal's values back, one kind of key after the other.
class Reading {
 public:
  Reading(const std::map<std::string, std::string>& values, std::vector<std::string>& complaints)
      : values_(values), complaints_(complaints) {}

  std::optional<Recovered> read() {
    if (!read_daemon()) return std::nullopt;
    each("spec/", [this](const std::string& rest, const std::string& text) {
      const Result<core::GroupSpec> spec = journal::spec_from(text);
      if (!spec) return complain("spec/" + rest, spec.error().message);
      r_.specs.add(std::strtoull(rest.c_str(), nullptr, 10),
                   std::make_shared<const core::GroupSpec>(*spec));
    });
    read_groups();
    each("recipe/",
         [this](const std::string& rest, const std::string& text) { read_recipe(rest, text); });
    each("process/", [this](const std::string& rest, const std::string& text) {
      Result<ProcessRecord> record = process_from(text);
      if (!record) return complain("process/" + rest, record.error().message);
      r_.processes[record->spawn] = std::move(*record);
    });
    each("roll/", [this](const std::string& rest, const std::string& text) {
      r_.rolls["roll/" + rest] = text;
    });
    each("metric/", [this](const std::string& rest, const std::string& text) {
      r_.metrics["metric/" + rest] = text;
    });
    each("automatic/",
         [this](const std::string& group, const std::string& text) { r_.automatic[group] = text; });
    each("seen/",
         [this](const std::string& group, const std::string& text) { r_.seen[group] = text; });
    if (const auto* text = find(kCommands)) {
      r_.commands = core::CommandId{to_number<std::uint64_t>(*text).value_or(0)};
    }
    if (const auto* text = find(kInHand)) {
      Result<core::InHand> in_hand = journal::in_hand_from(*text);
      if (in_hand) r_.in_hand = std::move(*in_hand);
    }
    for (core::Group& group : r_.groups) check(group);
    if (!is_whole_) return std::nullopt;
    return std::move(r_);
  }

 private:
  template <class Take>
  void each(const std::string& prefix, Take take) {
    for (auto at = values_.lower_bound(prefix);
         at != values_.end() && at->first.starts_with(prefix); ++at) {
      take(at->first.substr(prefix.size()), at->second);
    }
  }

  [[nodiscard]] const std::string* find(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? nullptr : &found->second;
  }

  void complain(const std::string& key, const std::string& why) {
    complaints_.push_back(fmt::format("{}: {}", key, why));
  }

  // Without it workers would be taken for stopped, and what runs for nobody's.
  void miss(const std::string& key, const std::string& why) {
    is_whole_ = false;
    complain(key, why);
  }

  bool read_daemon() {
    const std::string* text = find(kDaemon);
    if (text == nullptr) return false;
    try {
      const json j = json::parse(*text);
      r_.spec.daemon = j.at("daemon").get<core::DaemonSpec>();
      r_.spec.hooks = j.value("hooks", r_.spec.hooks);
      r_.start_told = j.value("start_told", true);
      r_.upgraded = j.value("upgrading", false);
      r_.version = j.value("version", "");
      return true;
    } catch (const std::exception& error) {
      complain(std::string(kDaemon), error.what());
      return false;
    }
  }

  void read_groups() {
    const std::string* text = find(kOrder);
    if (text == nullptr) return miss(std::string(kOrder), "is missing");
    try {
      for (const auto& name : json::parse(*text).get<std::vector<std::string>>()) read_group(name);
    } catch (const std::exception& error) {
      miss(std::string(kOrder), error.what());
    }
  }

  void read_group(const std::string& name) {
    const std::string* text = find(group_key(name));
    if (text == nullptr) return miss(group_key(name), "is missing");
    Result<core::Group> group = journal::group_from(*text, r_.specs);
    if (!group || group->name != name) {
      return miss(group_key(name), group ? "has another name" : group.error().message);
    }
    for (std::size_t i = 0; i < group->workers.size(); ++i) {
      const core::WorkerRef ref{.group = name, .number = static_cast<int>(i) + 1};
      const std::string* state = find(worker_key(ref));
      if (state == nullptr) return miss(worker_key(ref), "is missing");
      Result<core::Worker> worker = journal::worker_from(*state);
      if (!worker) return miss(worker_key(ref), worker.error().message);
      group->workers[i] = std::move(*worker);
      group->workers[i].ref = ref;
    }
    r_.spec.groups.push_back(*group->spec);
    r_.groups.push_back(std::move(*group));
  }

  void check(core::Group& group) {
    std::set<int> made;
    for (const Recovered::Made& one : r_.recipes) {
      if (one.recipe.group == group.name) made.insert(one.recipe.generation);
    }
    std::erase_if(group.fingerprints,
                  [&](const auto& known) { return !made.contains(known.first); });
    for (const core::Worker& worker : group.workers) {
      core::each_life(worker, [&](const core::Life& life) {
        if (life.pid == 0 || r_.processes.contains(life.spawn)) return;
        miss(process_key(life.spawn), "is missing");
      });
    }
  }

  void read_recipe(const std::string& rest, const std::string& text) {
    try {
      const json j = json::parse(text);
      const core::SpecPtr spec = r_.specs.find(j.at("spec").get<std::uint64_t>());
      Result<Recipe> recipe = recipe_from(j.at("recipe").get<std::string>());
      if (!spec || !recipe) {
        return complain("recipe/" + rest,
                        spec ? recipe.error().message : "its configuration is missing");
      }
      r_.recipes.push_back({.spec = spec, .recipe = std::move(*recipe)});
    } catch (const std::exception& error) {
      complain("recipe/" + rest, error.what());
    }
  }

  const std::map<std::string, std::string>& values_;
  std::vector<std::string>& complaints_;
  Recovered r_;
  bool is_whole_ = true;
};

}  // namespace

std::optional<Recovered> read_back(const std::map<std::string, std::string>& values,
                                   std::vector<std::string>& complaints) {
  return Reading(values, complaints).read();
}

void Journal::note(core::Supervision& core) {
  const std::set<core::WorkerRef> touched = core.take_touched();
  for (const core::WorkerRef& ref : touched) {
    if (ref.number == 0) {
      note_group(core, ref.group);
    } else if (const core::Worker* worker = core.find(ref)) {
      store_.put(worker_key(ref), journal::to_text(*worker));
    } else {
      store_.drop(worker_key(ref));
    }
  }
  if (!touched.empty()) store_.put(std::string(kOrder), dump(core.names()));
  // A stop that waits for others touches none of them.
  store_.put(std::string(kInHand), journal::to_text(core.in_hand()));
}

void Journal::note_group(const core::Supervision& core, const std::string& name) {
  const core::Group* group = core.find(name);
  if (group == nullptr) {
    for (std::size_t number = 1; number <= workers_[name]; ++number) {
      store_.drop(worker_key({.group = name, .number = static_cast<int>(number)}));
    }
    workers_.erase(name);
    store_.drop(group_key(name));
    store_.drop_all(recipes_of(name));
    recipe_specs_.erase(name);
    return drop_unused_specs(core);
  }
  workers_[name] = group->workers.size();
  const std::size_t known = specs_.all().size();
  std::string text = journal::to_text(*group, specs_);
  if (specs_.all().size() != known) drop_unused_specs(core);
  store_.put(group_key(name), std::move(text));
}

void Journal::note(const std::string& group, const Recipes& recipes) {
  std::set<std::string> kept;
  std::set<core::SpecPtr>& specs = recipe_specs_[group];
  specs.clear();
  recipes.each_made(group, [&](int generation, const core::SpecPtr& spec, const Recipe& recipe) {
    const std::string key = fmt::format("{}{}", recipes_of(group), generation);
    kept.insert(key);
    specs.insert(spec);
    const std::uint64_t number = specs_.of(spec);
    store_.put(spec_key(number), journal::to_text(*spec));
    store_.put(key, dump({{"spec", number}, {"recipe", to_text(recipe)}}));
  });
  std::vector<std::string> gone;
  const std::string prefix = recipes_of(group);
  for (auto at = store_.values().lower_bound(prefix);
       at != store_.values().end() && at->first.starts_with(prefix); ++at) {
    if (!kept.contains(at->first)) gone.push_back(at->first);
  }
  for (const std::string& key : gone) store_.drop(key);
}

// The configurations that somebody goes by are written, the others forgotten.
void Journal::drop_unused_specs(const core::Supervision& core) {
  std::set<core::SpecPtr> used;
  for (const std::string& name : core.names()) {
    const core::Group& group = *core.find(name);
    used.insert(group.spec);
    if (group.roll) used.insert(group.roll->spec_before);
    if (group.next_roll) used.insert(group.next_roll->spec);
  }
  for (const auto& [group, specs] : recipe_specs_) used.insert(specs.begin(), specs.end());
  for (const auto& [number, spec] : std::map(specs_.all())) {
    if (used.contains(spec)) {
      store_.put(spec_key(number), journal::to_text(*spec));
    } else {
      specs_.forget(number);
      store_.drop(spec_key(number));
    }
  }
}

void Journal::note(const ProcessRecord& record) {
  store_.put(process_key(record.spawn), to_text(record));
}

void Journal::note_automatic(const std::string& group, std::string text) {
  note_value("automatic/" + group, std::move(text));
}

void Journal::note_seen(const std::string& group, std::string text) {
  note_value("seen/" + group, std::move(text));
}

void Journal::note_metric(const std::string& key, std::string text) {
  note_value(key, std::move(text));
}

void Journal::note_value(const std::string& key, std::string text) {
  if (text.empty()) {
    store_.drop(key);
  } else {
    store_.put(key, std::move(text));
  }
}

void Journal::note_commands(core::CommandId most) {
  store_.put(std::string(kCommands), std::to_string(static_cast<std::uint64_t>(most)));
  flush();
}

void Journal::forget(core::SpawnId spawn) { store_.drop(process_key(spawn)); }

void Journal::note_daemon(const core::Spec& spec, Daemon daemon) {
  store_.put(std::string(kDaemon), dump({{"daemon", spec.daemon},
                                         {"hooks", spec.hooks},
                                         {"start_told", daemon.start_told},
                                         {"upgrading", daemon.upgrading},
                                         {"version", SUPERD_VERSION}}));
}

void Journal::look_after() {
  if (!store_.look_after()) return;
  log::warn("the journal {} was gone: written anew", store_.path());
  flush();
}

bool Journal::flush() {
  const bool failed = store_.failing();
  const Status written = store_.flush();
  if (!written && !failed) {
    log::error(
        "{}: superd goes on, but a supervisor that dies now loses track of what happens "
        "until it can be written again",
        written.error().message);
  } else if (written && failed) {
    log::info("the journal {} is written again", store_.path());
  }
  return written.has_value();
}

}  // namespace superd::daemon
