#include "config/shim.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/program_file.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

// As far as it is known before a start: of the first worker, without the env_file.
std::optional<std::string> program_of(const core::GroupSpec& group) {
  core::PlaceholderValues values;
  values.group = group.name;
  values.port = group.port_base;
  const auto named = [](const core::EnvEntry& entry) { return entry.name == "PATH"; };
  const auto own = std::find_if(group.env.begin(), group.env.end(), named);
  const char* inherited = std::getenv("PATH");
  std::string path = inherited == nullptr ? "" : inherited;
  if (own != group.env.end()) path = core::expand_placeholders(own->value, values).value_or("");
  const auto word = core::expand_placeholders(group.command.front(), values);
  const auto directory = core::expand_placeholders(group.directory, values);
  if (!word || !directory) return std::nullopt;
  return find_program(*word, path, *directory);
}

}  // namespace

void read_socket_shim(TableReader& table, const Context& context, core::GroupSpec& group) {
  table.read("socket_shim", group.socket_shim);
  if (!group.socket_shim || context.incomplete) return;
  const Field field = *table.field("socket_shim");
  if (group.listen.empty()) {
    return field.error(
        "without sockets there is nothing to hand over: add listen = [\"127.0.0.1:8000\"], the "
        "address that the program binds");
  }
  if (context.machine.shim_library) {
    if (const auto library = context.machine.shim_library(); !library) {
      field.error(library.error().message);
    }
  }
  // Its own error tells of a command that is missing.
  if (group.command.empty()) return;
  const auto program = program_of(group);
  if (!program) return;
  if (const Status can = check_preloadable(*program); !can) {
    field.error(
        fmt::format("{}, and nothing can be preloaded into it: let it take the socket by its "
                    "descriptor ({{fd:NAME}}, LISTEN_FDS)",
                    can.error().message));
  }
}

}  // namespace superd::config
