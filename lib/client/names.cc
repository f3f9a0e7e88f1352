#include "client/names.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/http_codec.h"

namespace superd::client {
namespace {

const KnownGroup* find_group(const std::vector<KnownGroup>& known, const std::string& name) {
  const auto found = std::ranges::find(known, name, &KnownGroup::name);
  return found == known.end() ? nullptr : &*found;
}

std::vector<Target> groups_matching(const std::string& glob, const std::vector<KnownGroup>& known) {
  std::vector<Target> targets;
  for (const auto& group : known) {
    if (glob_match(glob, group.name)) targets.push_back({.group = group.name, .worker = {}});
  }
  return targets;
}

std::vector<Target> workers_matching(const std::string& glob,
                                     const std::vector<KnownGroup>& known) {
  std::vector<Target> targets;
  for (const auto& group : known) {
    for (const auto& worker : group.workers) {
      if (glob_match(glob, worker)) targets.push_back({.group = group.name, .worker = worker});
    }
  }
  return targets;
}

std::vector<Target> targets_of(const std::string& name, const std::vector<KnownGroup>& known) {
  if (name == "all") return groups_matching("*", known);
  if (name == "self") return {{.group = name, .worker = {}}};
  if (is_glob(name)) {
    auto groups = groups_matching(name, known);
    return groups.empty() ? workers_matching(name, known) : groups;
  }
  if (find_group(known, name) != nullptr) return {{.group = name, .worker = {}}};
  return workers_matching(name, known);
}

std::string complaint(const std::string& name, const std::vector<KnownGroup>& known) {
  if (is_glob(name)) return fmt::format("no group or worker matches {}", quoted(name));
  const auto worker = core::parse_worker_ref(name);
  const auto* group = worker ? find_group(known, worker->group) : nullptr;
  if (group != nullptr) {
    return fmt::format("no such worker {}: {} has {} worker{}", quoted(name), group->name,
                       group->workers.size(), group->workers.size() == 1 ? "" : "s");
  }
  std::vector<std::string> candidates;
  candidates.reserve(known.size());
  for (const auto& one : known) candidates.push_back(one.name);
  for (const auto& one : known) {
    candidates.insert(candidates.end(), one.workers.begin(), one.workers.end());
  }
  return fmt::format("no such group or worker {}{}", quoted(name), did_you_mean(name, candidates));
}

}  // namespace

std::string Target::path() const {
  return worker ? wire::make_target({"v1", "workers", *worker})
                : wire::make_target({"v1", "groups", group});
}

Resolution resolve(const std::vector<std::string>& names, const std::vector<KnownGroup>& known) {
  Resolution result;
  for (const auto& name : names) {
    const auto found = targets_of(name, known);
    if (found.empty() && name != "all") result.unknown.push_back(complaint(name, known));
    for (const auto& target : found) {
      if (std::ranges::count(result.targets, target) == 0) result.targets.push_back(target);
    }
  }
  std::set<std::string> whole;
  for (const auto& target : result.targets) {
    if (!target.worker) whole.insert(target.group);
  }
  std::erase_if(result.targets, [&whole](const Target& target) {
    return target.worker && whole.contains(target.group);
  });
  return result;
}

}  // namespace superd::client
