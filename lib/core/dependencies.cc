#include "core/dependencies.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace superd::core {
namespace {

// Removes, again and again, every name that no edge leaves: what is left lies on a circle or leads
// to one.
std::set<std::string> lead_to_circles(const std::map<std::string, std::vector<std::string>>& edges,
                                      const std::map<std::string, std::vector<std::string>>& back) {
  std::map<std::string, std::size_t> open;
  std::set<std::string> left;
  std::deque<std::string> done;
  for (const auto& [name, to] : edges) {
    open[name] = to.size();
    left.insert(name);
    if (to.empty()) done.push_back(name);
  }
  while (!done.empty()) {
    const std::string name = done.front();
    done.pop_front();
    left.erase(name);
    const auto from = back.find(name);
    if (from == back.end()) continue;
    for (const std::string& other : from->second) {
      if (--open[other] == 0) done.push_back(other);
    }
  }
  return left;
}

constexpr std::string_view kWaitsFor = "waits for ";

}  // namespace

void Dependencies::add(const std::string& group, const std::vector<std::string>& depends_on) {
  auto& needs = needs_[group];
  needed_[group];
  for (const std::string& other : depends_on) {
    if (std::find(needs.begin(), needs.end(), other) != needs.end()) continue;
    needs.push_back(other);
    needs_[other];
    needed_[other].push_back(group);
  }
}

void Dependencies::set(const std::string& group, const std::vector<std::string>& depends_on) {
  for (const std::string& other : std::exchange(needs_[group], {})) {
    std::erase(needed_[other], group);
  }
  add(group, depends_on);
}

void Dependencies::cut(const std::string& group, const std::string& other) {
  std::erase(needs_[group], other);
  std::erase(needed_[other], group);
}

std::vector<std::string> Dependencies::directly_needing(const std::string& group) const {
  const auto found = needed_.find(group);
  return found == needed_.end() ? std::vector<std::string>{} : found->second;
}

const std::vector<std::string>& Dependencies::direct(const std::string& group) const {
  static const std::vector<std::string> none;
  const auto found = needs_.find(group);
  return found == needs_.end() ? none : found->second;
}

// In the order in which a walk in depth leaves them, without a recursion as deep as the graph.
std::vector<std::string> Dependencies::reached(const Edges& edges, const std::string& from) {
  struct Visit {
    const std::vector<std::string>* to;
    std::string name;
    std::size_t next = 0;
  };
  std::vector<std::string> left;
  std::set<std::string> seen = {from};
  std::vector<Visit> open;
  const auto enter = [&](const std::string& name) {
    const auto found = edges.find(name);
    if (found != edges.end()) open.push_back({.to = &found->second, .name = name});
  };
  enter(from);
  while (!open.empty()) {
    Visit& visit = open.back();
    if (visit.next < visit.to->size()) {
      const std::string& next = (*visit.to)[visit.next++];
      if (seen.insert(next).second) enter(next);
      continue;
    }
    if (visit.name != from) left.push_back(visit.name);
    open.pop_back();
  }
  return left;
}

std::vector<std::string> Dependencies::needed_by(const std::string& group) const {
  return reached(needs_, group);
}

std::vector<std::string> Dependencies::needing(const std::string& group) const {
  return reached(needed_, group);
}

std::set<std::string> Dependencies::between_circles() const {
  const std::set<std::string> forwards = lead_to_circles(needs_, needed_);
  const std::set<std::string> backwards = lead_to_circles(needed_, needs_);
  std::set<std::string> both;
  std::set_intersection(forwards.begin(), forwards.end(), backwards.begin(), backwards.end(),
                        std::inserter(both, both.end()));
  return both;
}

std::vector<std::string> Dependencies::way(const std::string& from, const std::string& to,
                                           const std::set<std::string>& through) const {
  std::map<std::string, std::string> came_from = {{from, from}};
  std::deque<std::string> open = {from};
  while (!open.empty() && !came_from.contains(to)) {
    const std::string name = open.front();
    open.pop_front();
    for (const std::string& next : direct(name)) {
      if (through.contains(next) && came_from.emplace(next, name).second) open.push_back(next);
    }
  }
  if (!came_from.contains(to)) return {};
  std::vector<std::string> path = {to};
  while (path.back() != from) path.push_back(came_from.at(path.back()));
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<Dependencies::Circle> Dependencies::circles() const {
  std::vector<Circle> found;
  const std::set<std::string> suspects = between_circles();
  for (const std::string& group : suspects) {
    for (const std::string& next : direct(group)) {
      if (!suspects.contains(next)) continue;
      std::vector<std::string> path = way(next, group, suspects);
      if (path.empty()) continue;
      path.insert(path.begin(), group);
      found.push_back({.group = group, .depends_on = next, .path = std::move(path)});
    }
  }
  return found;
}

bool is_up(const Group& group) {
  const Census count = census(group);
  if (count.ready != count.wanted) return false;
  if (count.wanted > 0) return true;
  // A job that has done its work stands for what it did until it is stopped.
  const auto are = [&](auto predicate) {
    return static_cast<std::size_t>(
        std::count_if(group.workers.begin(), group.workers.end(),
                      [&](const Worker& worker) { return predicate(worker.state); }));
  };
  const std::size_t done = are([](WorkerState state) { return state == WorkerState::exited; });
  const std::size_t stopped = are([](WorkerState state) { return state == WorkerState::stopped; });
  return done > 0 && done + stopped == group.workers.size();
}

bool is_down(const Group& group) {
  switch (group.state) {
    case GroupState::stopped:
    case GroupState::stopping:
    case GroupState::waiting:
    case GroupState::failed:
      return true;
    case GroupState::starting:
    case GroupState::running:
    case GroupState::degraded:
    case GroupState::rolling:
      return false;
  }
  std::abort();
}

bool has_come_to_rest(const Group& group) {
  return std::all_of(group.workers.begin(), group.workers.end(), [](const Worker& worker) {
    return is_at_rest(worker) || is_unkillable(worker);
  });
}

Trouble trouble_of(const Group& group) {
  for (const Worker& worker : group.workers) {
    if (worker.state == WorkerState::backoff || worker.state == WorkerState::failed) {
      return {.why = to_string(worker.ref) + " " + worker.message, .spawn = worker.last_spawn};
    }
    if (worker.state == WorkerState::unkillable) {
      return {.why = to_string(worker.ref) + " has a process that cannot be killed"};
    }
  }
  return is_down(group) ? Trouble{.why = "it was stopped"} : Trouble{};
}

bool has_nothing_to_stop(const Group& group) {
  const auto rests = [](const Worker& worker) {
    return is_at_rest(worker) && worker.state != WorkerState::exited;
  };
  return !group.roll && std::all_of(group.workers.begin(), group.workers.end(), rests);
}

std::string waiting_for(const std::vector<std::string>& groups) {
  return std::string(kWaitsFor) + join(groups, ", ");
}

bool waits_for_groups(const Worker& worker) {
  return worker.queued && worker.message.starts_with(kWaitsFor);
}

}  // namespace superd::core
