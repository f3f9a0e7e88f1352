#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "config/address.h"
#include "config/group.h"

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

}  // namespace

void check_across(const std::vector<PlacedGroup>& groups, const core::DaemonSpec& daemon,
                  Problems& problems) {
  std::map<std::string, const PlacedGroup*> names;
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
}

}  // namespace superd::config
