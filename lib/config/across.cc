#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "config/address.h"
#include "config/group.h"
#include "core/dependencies.h"

namespace superd::config {
namespace {

// One listening socket of one group.
struct Taken {
  const PlacedGroup* group;
  std::size_t index;
};

// Which sockets stand in the way of each other, without looking at every pair.
class Taking {
 public:
  // The first socket of another group that `later` collides with; nothing, and it is taken, where
  // there is none.
  const Taken* take(const Taken& later) {
    const core::ListenSpec& listen = later.group->spec.listen[later.index];
    const bool is_tcp = listen.family != core::Family::unix_path;
    const std::string kind = is_tcp ? port_of(listen) : listen.address;
    const auto exact = by_address_.emplace(listen.address, later).first;
    const auto on_port = by_port_.emplace(kind, later).first;
    const auto every = is_every(listen) ? every_.emplace(kind, later).first : every_.find(kind);
    if (collides(exact->second, later)) return &exact->second;
    if (every != every_.end() && collides(every->second, later)) return &every->second;
    return collides(on_port->second, later) ? &on_port->second : nullptr;
  }

 private:
  static std::string port_of(const core::ListenSpec& listen) {
    return fmt::format("{}:{}", listen.family == core::Family::tcp4 ? 4 : 6, listen.port);
  }

  static bool is_every(const core::ListenSpec& listen) {
    return listen.host == "0.0.0.0" || listen.host == "::";
  }

  static bool collides(const Taken& earlier, const Taken& later) {
    return earlier.group->spec.name != later.group->spec.name &&
           collide(earlier.group->spec.listen[earlier.index],
                   later.group->spec.listen[later.index]);
  }

  // The first of each.
  std::map<std::string, Taken> by_address_;
  std::map<std::string, Taken> by_port_;
  std::map<std::string, Taken> every_;
};

void report(const Taken& earlier, const Taken& later, Problems& problems) {
  problems.add(
      later.group->listen_places[later.index],
      fmt::format("group {} listens on {} already ({}): an address belongs to one group",
                  earlier.group->spec.name, earlier.group->spec.listen[earlier.index].address,
                  to_string(earlier.group->listen_places[earlier.index])));
}

void check_own(const PlacedGroup& group, const core::DaemonSpec& daemon, Problems& problems) {
  for (std::size_t i = 0; i < group.spec.listen.size(); ++i) {
    const auto& listen = group.spec.listen[i];
    if (listen.family != core::Family::unix_path) continue;
    if (listen.path != daemon.control && listen.path != daemon.worker_socket) continue;
    problems.add(group.listen_places[i],
                 fmt::format("{} is superd's own socket: choose another path", listen.path));
  }
}

using Names = std::map<std::string, const PlacedGroup*>;

void check_exists(const PlacedGroup& group, const Names& names, Problems& problems) {
  const std::vector<std::string>& wanted = group.spec.depends_on;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (names.contains(wanted[i])) continue;
    std::vector<std::string> others;
    for (const auto& [name, other] : names) {
      if (name != group.spec.name) others.push_back(name);
    }
    problems.add(group.depends_places[i],
                 fmt::format("group.{}.depends_on: there is no group {}{}", group.spec.name,
                             quoted(wanted[i]), did_you_mean(wanted[i], others)));
  }
}

// At every place that is part of a circle.
void check_circles(const Names& names, Problems& problems) {
  core::Dependencies dependencies;
  for (const auto& [name, group] : names) dependencies.add(name, group->spec.depends_on);
  for (const auto& circle : dependencies.circles()) {
    const PlacedGroup& group = *names.at(circle.group);
    const auto& all = group.spec.depends_on;
    const auto at = std::find(all.begin(), all.end(), circle.depends_on) - all.begin();
    problems.add(group.depends_places[static_cast<std::size_t>(at)],
                 fmt::format("group.{}.depends_on goes in a circle: {}", circle.group,
                             join(circle.path, " -> ")));
  }
}

}  // namespace

void check_across(const std::vector<PlacedGroup>& groups, Extent extent,
                  const core::DaemonSpec& daemon, Problems& problems) {
  Names names;
  Taking sockets;
  for (const PlacedGroup& group : groups) {
    check_own(group, daemon, problems);
    const auto [first, is_new] = names.emplace(group.spec.name, &group);
    if (!is_new) {
      problems.add(group.spec.place,
                   fmt::format("there are two groups {}, the first one at {}", group.spec.name,
                               to_string(first->second->spec.place)));
    }
    for (std::size_t i = 0; i < group.spec.listen.size(); ++i) {
      const Taken later{.group = &group, .index = i};
      if (const Taken* earlier = sockets.take(later)) report(*earlier, later, problems);
    }
  }
  if (extent == Extent::whole) {
    for (const PlacedGroup& group : groups) check_exists(group, names, problems);
  }
  check_circles(names, problems);
}

}  // namespace superd::config
