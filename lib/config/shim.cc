#include "config/shim.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/program_file.h"
#include "config/first_program.h"

namespace superd::config {
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
  const std::optional<FirstProgram> first = first_program(group);
  const auto program =
      first ? find_program(first->word, first->path, first->directory) : std::nullopt;
  if (!program) return;
  if (const Status can = check_preloadable(*program); !can) {
    field.error(
        fmt::format("{}, and nothing can be preloaded into it: let it take the socket by its "
                    "descriptor ({{fd:NAME}}, LISTEN_FDS)",
                    can.error().message));
  }
}

}  // namespace superd::config
