#include "daemon/rehearsals.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/units.h"
#include "daemon/private_sockets.h"
#include "daemon/spawn_request.h"
#include "loop/timer.h"
#include "os/connect.h"

namespace superd::daemon {
namespace {

Result<std::vector<PrivateSocket>> open_all_as_private(core::GroupSpec group,
                                                       const PrivatePlace& place) {
  for (core::ListenSpec& socket : group.listen) socket.sharing = core::Sharing::spawn;
  return open_private_sockets(group, place);
}

// At which a program of the group binds each of its sockets.
Result<std::vector<os::SocketAddress>> bound_addresses(const core::GroupSpec& group,
                                                       Listeners& listeners,
                                                       const std::vector<PrivateSocket>& own) {
  if (Status opened = listeners.open(group); !opened) return tl::unexpected(opened.error());
  const std::vector<int> shared = listeners.fds(group);
  auto next_shared = shared.begin();
  std::vector<os::SocketAddress> addresses;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const int fd = is_private(group.listen[i]) ? own[i].fd.get() : *next_shared++;
    Result<os::SocketAddress> address = os::bound_address(fd);
    if (!address) return tl::unexpected(address.error());
    addresses.push_back(*address);
  }
  return addresses;
}

// Which of the sockets is asked.
std::size_t asked(const core::GroupSpec& group) {
  const auto found = std::find_if(group.listen.begin(), group.listen.end(), core::is_private);
  return found == group.listen.end() ? 0 : static_cast<std::size_t>(found - group.listen.begin());
}

}  // namespace

struct Rehearsals::Rehearsal {
  Rehearsal(core::CommandId r, core::SpecPtr g, OnEnd e, loop::Timer t)
      : roll(r), group(std::move(g)), on_end(std::move(e)), timer(std::move(t)) {}

  core::CommandId roll;
  core::SpecPtr group;
  OnEnd on_end;
  core::SpawnId errand{};
  std::vector<PrivateSocket> sockets;
  std::vector<std::string> output;   // when the first answer came that does not count
  std::optional<ErrandEnd> settled;  // it is on its way out
  loop::Timer timer;                 // for its answer, then for its end
};

Rehearsals::Rehearsals(Parts parts, std::string private_dir)
    : parts_(parts),
      private_dir_(std::move(private_dir)),
      http_(parts.loop, {.on_ready = [this](core::SpawnId errand) { on_ready(errand); },
                         .on_refused = [this](core::SpawnId errand) { on_refused(errand); }}) {}

Rehearsals::~Rehearsals() = default;

void Rehearsals::run(core::CommandId roll, const core::SpecPtr& group,
                     const Recipes::Shared& recipe, OnEnd on_end) {
  auto made = std::make_unique<Rehearsal>(
      roll, group, std::move(on_end), loop::Timer(parts_.loop, [this, roll] { on_time(roll); }));
  Rehearsal& rehearsal = *made;
  running_[roll] = std::move(made);
  if (const Status begun = begin(rehearsal, recipe); !begun) {
    rehearsal.settled = {.how = ErrandEnd::How::never_ran,
                         .message = "could not be run: " + begun.error().message};
    finish(roll);
  }
}

Status Rehearsals::begin(Rehearsal& rehearsal, const Recipes::Shared& recipe) {
  const core::GroupSpec& group = *rehearsal.group;
  rehearsal.errand = parts_.errands.next();
  PrivatePlace place{.dir = private_dir_, .spawn = rehearsal.errand};
  if (recipe->identity) {
    place.owner_uid = recipe->identity->uid;
    place.owner_gid = recipe->identity->gid;
  }
  auto opened = open_all_as_private(group, place);
  if (!opened) return tl::unexpected(opened.error());
  rehearsal.sockets = std::move(*opened);
  Stage stage{.group = rehearsal.group, .sockets = {}, .addresses = {}, .stand_for = {}};
  for (std::size_t i = 0; i < rehearsal.sockets.size(); ++i) {
    // Who binds names the addresses of the group, wherever its config has them.
    const bool own = !recipe->socket_shim || is_private(group.listen[i]);
    stage.sockets.push_back(rehearsal.sockets[i].fd.get());
    stage.addresses.push_back(own ? rehearsal.sockets[i].address
                                  : core::address_text(group.listen[i]));
  }
  if (recipe->socket_shim) {
    auto addresses = bound_addresses(group, parts_.listeners, rehearsal.sockets);
    if (!addresses) return tl::unexpected(addresses.error());
    stage.stand_for = std::move(*addresses);
  }
  parts_.errands.run(
      {.recipe = recipe,
       .worker = kFirstWorker,
       .timeout = group.ready.timeout + 2 * kEndLimit,
       .stage = std::move(stage)},
      [this, roll = rehearsal.roll](ErrandEnd how) { on_errand_end(roll, std::move(how)); });
  http_.watch(rehearsal.errand, rehearsal.sockets.at(asked(group)).fd.get(),
              core::rehearsal_http(group), kRequestLimit);
  rehearsal.timer.after(group.ready.timeout);
  return {};
}

Rehearsals::Rehearsal* Rehearsals::find(core::SpawnId errand) const {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const auto& entry) {
    return entry.second->errand == errand;
  });
  return found == running_.end() ? nullptr : found->second.get();
}

void Rehearsals::on_ready(core::SpawnId errand) {
  Rehearsal* rehearsal = find(errand);
  if (rehearsal == nullptr) return;
  rehearsal->settled = ErrandEnd{};
  leave(*rehearsal);
}

// Why it cannot answer better it has said by now; later on there is a line for every request.
void Rehearsals::on_refused(core::SpawnId errand) {
  Rehearsal* rehearsal = find(errand);
  if (rehearsal != nullptr && rehearsal->output.empty()) {
    rehearsal->output = parts_.errands.output(errand);
  }
}

void Rehearsals::on_time(core::CommandId roll) {
  const auto found = running_.find(roll);
  if (found == running_.end()) return;
  Rehearsal& rehearsal = *found->second;
  if (rehearsal.settled) {
    parts_.errands.cancel(rehearsal.errand);
    return finish(roll);
  }
  rehearsal.settled = {.how = ErrandEnd::How::failed,
                       .message = fmt::format("was not ready within {}: {}",
                                              print_duration(rehearsal.group->ready.timeout),
                                              http_.reason(rehearsal.errand)),
                       .output = rehearsal.output.empty() ? parts_.errands.output(rehearsal.errand)
                                                          : std::move(rehearsal.output)};
  leave(rehearsal);
}

void Rehearsals::leave(Rehearsal& rehearsal) {
  http_.unwatch(rehearsal.errand);
  rehearsal.timer.after(kEndLimit);
  parts_.errands.signal_main(rehearsal.errand, rehearsal.group->stop.signal);
}

void Rehearsals::on_errand_end(core::CommandId roll, ErrandEnd how) {
  const auto found = running_.find(roll);
  if (found == running_.end()) return;
  Rehearsal& rehearsal = *found->second;
  if (!rehearsal.settled) {
    if (how.how == ErrandEnd::How::never_ran) {
      how.message = "could not be run: " + how.message;
    } else {
      if (how.how == ErrandEnd::How::succeeded) how.message = "exited with status 0";
      how.message += " before it was ready";
      how.how = ErrandEnd::How::failed;
    }
    rehearsal.settled = std::move(how);
  }
  finish(roll);
}

void Rehearsals::cancel(core::CommandId roll) {
  const auto found = running_.find(roll);
  if (found == running_.end()) return;
  found->second->on_end = nullptr;
  parts_.errands.cancel(found->second->errand);
  finish(roll);
}

void Rehearsals::finish(core::CommandId roll) {
  const auto ended = running_.extract(roll);
  const Rehearsal& rehearsal = *ended.mapped();
  http_.unwatch(rehearsal.errand);
  remove_private_paths(private_dir_, rehearsal.errand);
  if (rehearsal.on_end) rehearsal.on_end(*rehearsal.settled);
}

}  // namespace superd::daemon
