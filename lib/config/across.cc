#include <cstddef>

#include <fmt/format.h>

#include "config/address.h"
#include "config/group.h"

namespace superd::config {
namespace {

void check_name(const PlacedGroup& earlier, const PlacedGroup& group, Problems& problems) {
  if (earlier.spec.name != group.spec.name) return;
  problems.add(group.spec.place, fmt::format("there are two groups {}, the first one at {}",
                                             group.spec.name, to_string(earlier.spec.place)));
}

void check_sockets(const PlacedGroup& earlier, const PlacedGroup& group, Problems& problems) {
  if (earlier.spec.name == group.spec.name) return;
  for (std::size_t i = 0; i < group.spec.listen.size(); ++i) {
    for (std::size_t j = 0; j < earlier.spec.listen.size(); ++j) {
      const auto& ours = group.spec.listen[i];
      const auto& theirs = earlier.spec.listen[j];
      if (!collide(ours, theirs)) continue;
      problems.add(
          group.listen_places[i],
          fmt::format("group {} listens on {} already ({}): an address belongs to one group",
                      earlier.spec.name, theirs.address, to_string(earlier.listen_places[j])));
    }
  }
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
  for (std::size_t i = 0; i < groups.size(); ++i) {
    check_own(groups[i], daemon, problems);
    for (std::size_t j = 0; j < i; ++j) {
      check_name(groups[j], groups[i], problems);
      check_sockets(groups[j], groups[i], problems);
    }
  }
}

}  // namespace superd::config
