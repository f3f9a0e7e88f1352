#include "daemon/shim.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/program_file.h"
#include "base/shim_library.h"

namespace superd::daemon {
namespace {

constexpr std::string_view kPreload = "LD_PRELOAD=";
constexpr int kFirstSocket = 3;

// `@02001F90…`
std::string in_hexadecimal(const os::SocketAddress& address) {
  std::string text = "@";
  const auto* bytes = reinterpret_cast<const unsigned char*>(&address.storage);
  for (socklen_t i = 0; i < address.size; ++i) text += fmt::format("{:02X}", bytes[i]);
  return text;
}

std::string descriptors(const std::vector<core::ListenSpec>& listen,
                        const std::vector<os::SocketAddress>& stand_for) {
  std::string text;
  for (std::size_t i = 0; i < listen.size(); ++i) {
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", kFirstSocket + i, listen[i].backlog,
                        i < stand_for.size() ? in_hexadecimal(stand_for[i]) : "");
  }
  return text;
}

// As in the worker's environment: the group's own before its file before superd's.
std::string search_path(const Recipe& recipe, int worker, const core::PlaceholderValues& values) {
  const auto named = [](const core::EnvEntry& entry) { return entry.name == "PATH"; };
  const auto own = std::find_if(recipe.env.rbegin(), recipe.env.rend(), named);
  if (own != recipe.env.rend()) return core::expand_placeholders(own->value, values).value_or("");
  const auto& file = recipe.workers.at(static_cast<std::size_t>(worker - 1)).env_file;
  const auto read = std::find_if(file.rbegin(), file.rend(), named);
  if (read != file.rend()) return read->value;
  const char* inherited = std::getenv("PATH");
  return inherited == nullptr ? "" : inherited;
}

}  // namespace

void add_shim_variables(const std::string& library, const std::vector<core::ListenSpec>& listen,
                        const std::vector<os::SocketAddress>& stand_for,
                        std::vector<std::string>& environment) {
  const auto preload =
      std::find_if(environment.begin(), environment.end(),
                   [](const std::string& entry) { return entry.starts_with(kPreload); });
  if (preload == environment.end()) {
    environment.push_back(fmt::format("{}{}", kPreload, library));
  } else {
    *preload += fmt::format("{}{}", preload->size() > kPreload.size() ? ":" : "", library);
  }
  environment.push_back("SUPERD_SHIM=" + descriptors(listen, stand_for));
}

Status add_shim(const core::GroupSpec& group, const std::vector<os::SocketAddress>& stand_for,
                std::vector<std::string>& environment) {
  const Result<std::string> library = find_shim_library();
  if (!library) return fail("socket_shim: " + library.error().message);
  add_shim_variables(*library, group.listen, stand_for, environment);
  return {};
}

Status check_shim_programs(const Recipe& recipe) {
  std::set<std::string> checked;
  for (int worker = 1; worker <= static_cast<int>(recipe.workers.size()); ++worker) {
    const core::PlaceholderValues values = recipe.placeholders(worker);
    const Result<std::string> word = core::expand_placeholders(recipe.command.front(), values);
    if (!word) return tl::unexpected(word.error());
    const auto file =
        find_program(*word, search_path(recipe, worker, values),
                     recipe.workers.at(static_cast<std::size_t>(worker - 1)).directory);
    if (!file || !checked.insert(*file).second) continue;
    if (const Status can = check_preloadable(*file); !can) {
      return fail(fmt::format(
          "socket_shim: {}, and nothing can be preloaded into it: let it take the socket by its "
          "descriptor ({{fd:NAME}}, LISTEN_FDS)",
          can.error().message));
    }
  }
  return {};
}

}  // namespace superd::daemon
