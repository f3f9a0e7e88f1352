#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/group.h"

// Which group needs which (`depends_on`): a graph of names, and when a group counts as up for those
// that wait for it. When starts and stops wait is decided in core/supervision.h.
namespace superd::core {

class Dependencies {
 public:
  // Names that are no group of the graph, and circles, are harmless: a name is never met twice.
  void add(const std::string& group, const std::vector<std::string>& depends_on);
  // In the place of what it depended on so far.
  void set(const std::string& group, const std::vector<std::string>& depends_on);
  // `group` no longer depends on `other`.
  void cut(const std::string& group, const std::string& other);
  // Groups that name this one as what they depend on.
  [[nodiscard]] std::vector<std::string> directly_needing(const std::string& group) const;

  [[nodiscard]] const std::vector<std::string>& direct(const std::string& group) const;
  // All that the group needs, over any number of steps, without itself; what is needed by others of
  // them comes before these.
  [[nodiscard]] std::vector<std::string> needed_by(const std::string& group) const;
  // All that need the group, over any number of steps, without itself.
  [[nodiscard]] std::vector<std::string> needing(const std::string& group) const;

  // For each step from a group to one that it depends on and that is part of a circle: the shortest
  // circle that begins with this step, its first group again at its end (`a`, `b`, `a`).
  struct Circle {
    std::string group;
    std::string depends_on;
    std::vector<std::string> path;
  };
  [[nodiscard]] std::vector<Circle> circles() const;

 private:
  using Edges = std::map<std::string, std::vector<std::string>>;
  static std::vector<std::string> reached(const Edges& edges, const std::string& from);
  [[nodiscard]] std::set<std::string> between_circles() const;
  [[nodiscard]] std::vector<std::string> way(const std::string& from, const std::string& to,
                                             const std::set<std::string>& through) const;

  Edges needs_;
  Edges needed_;
};

// Every worker that is wanted is ready, and there is one, or one that has done its work (`exited`).
bool is_up(const Group& group);
// None of its workers runs, starts, or is about to: stopped, failed, leaving, or without processes
// until a connection comes.
bool is_down(const Group& group);
// No process of it is left that an end could be waited for.
bool has_come_to_rest(const Group& group);
// A stop would change nothing of it, and there is nothing that it would have to wait for. A job
// that has done its work is to do it again when what it needs was away.
bool has_nothing_to_stop(const Group& group);
// Why a group that is not up will not be by what was tried so far: `cache.1 exited with status 1
// before it was ready`, and whose output tells more. Nothing in `why`: it may still get there.
struct Trouble {
  std::string why;
  SpawnId spawn{};
};
Trouble trouble_of(const Group& group);

// What a worker says that waits for these groups to be up; and whether one does.
std::string waiting_for(const std::vector<std::string>& groups);
bool waits_for_groups(const Worker& worker);

}  // namespace superd::core
