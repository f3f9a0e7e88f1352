#include "config/accounts.h"

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {
namespace {

std::string own_name(const Machine& machine) {
  const auto account = machine.find_user(std::to_string(machine.uid));
  return account ? account->name : fmt::format("uid {}", machine.uid);
}

std::optional<Account> known_user(const Field& field, const Context& context,
                                  const std::string& name) {
  auto account = context.machine.find_user(name);
  if (!account) field.error(fmt::format("there is no user {} on this machine", quoted(name)));
  return account;
}

std::optional<gid_t> known_group(const Field& field, const Context& context,
                                 const std::string& name) {
  auto gid = context.machine.find_group(name);
  if (!gid) field.error(fmt::format("there is no group {} on this machine", quoted(name)));
  return gid;
}

void needs_root(const Field& field, const Context& context, std::string_view what) {
  field.error(fmt::format(
      "only root can {}, and superd runs as {}: start superd as root, or leave this out", what,
      own_name(context.machine)));
}

}  // namespace

std::optional<std::string> read_user(const Field& field, const Context& context) {
  const auto name = field.filled_text("a user");
  if (!name) return std::nullopt;
  const auto account = known_user(field, context, *name);
  if (!account || context.machine.may_switch_user) return name;
  if (account->uid != context.machine.uid) {
    needs_root(field, context, fmt::format("run workers as {}", *name));
  }
  return std::nullopt;
}

std::optional<std::string> read_group(const Field& field, const Context& context) {
  const auto name = field.filled_text("a group");
  if (!name) return std::nullopt;
  const auto gid = known_group(field, context, *name);
  if (!gid || context.machine.may_switch_user) return name;
  if (*gid != context.machine.gid) {
    needs_root(field, context, fmt::format("run workers with the group {}", *name));
  }
  return std::nullopt;
}

std::optional<std::string> read_extra_group(const Field& field, const Context& context) {
  const auto name = field.filled_text("a group");
  if (!name || !known_group(field, context, *name)) return std::nullopt;
  if (!context.machine.may_switch_user) {
    needs_root(field, context, "give workers further groups");
    return std::nullopt;
  }
  return name;
}

std::optional<std::string> read_owner(const Field& field, const Context& context) {
  const auto owner = field.filled_text("an owner such as \"deploy\" or \"deploy:www-data\"");
  if (!owner) return std::nullopt;
  const auto colon = owner->find(':');
  const std::string user = owner->substr(0, colon);
  if (user.empty() || colon + 1 == owner->size()) {
    field.wrong("an owner such as \"deploy\" or \"deploy:www-data\"");
    return std::nullopt;
  }
  const auto account = known_user(field, context, user);
  if (account && !context.machine.may_chown && account->uid != context.machine.uid) {
    needs_root(field, context, fmt::format("give a socket to {}", user));
  }
  if (colon != std::string::npos) (void)known_group(field, context, owner->substr(colon + 1));
  return owner;
}

}  // namespace superd::config
