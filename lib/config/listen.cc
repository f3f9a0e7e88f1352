#include "config/listen.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/accounts.h"
#include "config/address.h"
#include "config/paths.h"
#include "core/placeholders.h"

namespace superd::config {
namespace {

constexpr IntRange kBacklog{.min = 1, .max = 65535};
// All names together go into one variable of the environment, which may have 128 KiB.
constexpr std::size_t kMostSockets = 1000;
constexpr std::size_t kLongestName = 64;
constexpr std::string_view kExample = R"(["127.0.0.1:8000"])";

struct Surrounding {
  const Context& context;
  const std::string& group;
  const std::string& directory;
};

// A socket's path is one for all workers: only {group} can stand in it.
std::optional<std::string> expand_path(const Field& field, const std::string& text,
                                       const std::string& group) {
  const core::PlaceholderScope scope{.allowed = {core::Placeholder::group}, .fd_names = {}};
  if (const auto status = core::check_placeholders(text, scope); !status) {
    field.error(
        fmt::format("path {}: {}; a socket belongs to the whole group, so its path can hold "
                    "{{group}} alone",
                    quoted(text), status.error().message));
    return std::nullopt;
  }
  core::PlaceholderValues values;
  values.group = group;
  return core::expand_placeholders(text, values).value_or(text);
}

std::optional<core::ListenSpec> read_address(const Field& field, const Surrounding& around) {
  const auto text = field.filled_text("an address such as \"127.0.0.1:8000\"");
  if (!text) return std::nullopt;
  auto listen = parse_address(*text);
  if (!listen) {
    field.error(listen.error().message);
    return std::nullopt;
  }
  if (listen->family != core::Family::unix_path) return *listen;
  auto path = expand_path(field, join_path(around.directory, listen->path), around.group);
  if (!path) return std::nullopt;
  if (path->size() > kLongestSocketPath) {
    field.error(
        fmt::format("the path {} has {} bytes, a unix socket's may have {}: use a shorter one",
                    *path, path->size(), kLongestSocketPath));
    return std::nullopt;
  }
  listen->path = std::move(*path);
  listen->address = "unix:" + listen->path;
  return *listen;
}

std::optional<std::string> read_name(const Field& field) {
  const auto name = field.filled_text("a name");
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (!name) return std::nullopt;
  if (name->size() > kLongestName || !std::all_of(name->begin(), name->end(), is_good)) {
    field.wrong("a name of at most 64 letters, digits, _ - and .");
    return std::nullopt;
  }
  return name;
}

// Keys that only a socket with a file has.
void read_file_keys(TableReader& table, const Context& context, core::ListenSpec& listen) {
  const auto mode = table.field("mode");
  const auto owner = table.field("owner");
  if (listen.family == core::Family::unix_path) {
    if (mode) listen.mode = mode->mode();
    if (owner) listen.owner = read_owner(*owner, context);
    return;
  }
  for (const auto& field : {mode, owner}) {
    if (field)
      field->error(fmt::format("{} has no file: only unix sockets have this", listen.address));
  }
}

// A socket that superd makes for each process; its family is that of another one.
std::optional<core::ListenSpec> read_private(const Field& element, TableReader& table) {
  core::ListenSpec listen;
  listen.sharing = core::Sharing::spawn;
  for (const std::string_view key : {"address", "mode", "owner"}) {
    const auto field = table.field(key);
    if (!field) continue;
    field->error(
        "superd chooses the address of a private socket, another one for each process: leave this "
        "out");
  }
  const auto name = table.field("name");
  if (!name) element.error("a private socket needs a name, for {fd:NAME}: add name = \"probe\"");
  if (name) listen.name = read_name(*name).value_or("");
  table.read("backlog", listen.backlog, kBacklog);
  table.finish();
  return listen.name.empty() ? std::nullopt : std::optional(listen);
}

std::optional<core::ListenSpec> read_table(const Field& element, const Surrounding& around) {
  auto table = as_table(element);
  if (!table) return std::nullopt;
  if (const auto field = table->field("private")) {
    const auto is_private = field->boolean();
    if (!is_private) return std::nullopt;  // which other keys it may have nobody knows
    if (*is_private) return read_private(element, *table);
  }
  const auto address = table->field("address");
  if (!address && !around.context.incomplete) {
    element.error("the socket has no address: add address = \"127.0.0.1:8000\"");
  }
  auto listen = address ? read_address(*address, around) : std::nullopt;
  // Of a socket without an address everything else is checked all the same.
  core::ListenSpec spec;
  spec.family = core::Family::unix_path;
  if (listen) spec = *listen;
  if (const auto name = table->field("name")) spec.name = read_name(*name).value_or("");
  table->read("backlog", spec.backlog, kBacklog);
  read_file_keys(*table, around.context, spec);
  table->finish();
  return listen ? std::optional(spec) : std::nullopt;
}

std::optional<core::ListenSpec> read_element(const Field& element, const Surrounding& around) {
  if (element.as<std::string>() != nullptr) return read_address(element, around);
  if (element.as<Table>() != nullptr) return read_table(element, around);
  element.wrong("an address such as \"127.0.0.1:8000\" or a table");
  return std::nullopt;
}

void check_against(const std::vector<PlacedListen>& earlier, const core::ListenSpec& listen,
                   const Field& element) {
  for (const PlacedListen& other : earlier) {
    if (other.listen.name == listen.name) {
      element.error(fmt::format(
          "two sockets of the group have the name {} (the other one is {}): "
          "give each a name of its own",
          quoted(listen.name), is_private(other.listen) ? "private" : other.listen.address));
    }
    if (!collide(other.listen, listen)) continue;
    element.error(other.listen.address == listen.address
                      ? fmt::format("{} is listed twice", listen.address)
                      : fmt::format("{} and {} cannot both be bound: one is every address of the "
                                    "machine",
                                    other.listen.address, listen.address));
  }
}

// Gives the private ones the family of the first other one.
void settle_families(std::vector<PlacedListen>& sockets) {
  const auto shared = std::find_if(sockets.begin(), sockets.end(), [](const PlacedListen& socket) {
    return !is_private(socket.listen);
  });
  for (PlacedListen& socket : sockets) {
    if (is_private(socket.listen) && shared != sockets.end()) {
      socket.listen.family = shared->listen.family;
    }
  }
}

}  // namespace

std::vector<PlacedListen> read_listen(const Field& field, const Context& context,
                                      const std::string& group, const std::string& directory) {
  const auto elements = field.elements(field.as<std::string>() != nullptr
                                           ? fmt::format("[{}]", quoted(*field.as<std::string>()))
                                           : std::string(kExample));
  std::vector<PlacedListen> result;
  if (!elements) return result;
  if (elements->size() > kMostSockets) {
    field.error(fmt::format("{} sockets are too many: at most {}", elements->size(), kMostSockets));
    return result;
  }
  const Surrounding around{.context = context, .group = group, .directory = directory};
  std::size_t number = 0;
  const Field* lonely = nullptr;  // a private socket
  bool has_others = false;
  for (const Field& element : *elements) {
    ++number;
    auto listen = read_element(element, around);
    if (listen && is_private(*listen)) lonely = &element;
    has_others = has_others || !listen || !is_private(*listen);
    if (!listen) continue;
    if (listen->name.empty()) {
      listen->name = number == 1 ? "socket" : fmt::format("socket{}", number);
    }
    check_against(result, *listen, element);
    result.push_back({.listen = std::move(*listen), .place = element.place()});
  }
  if (lonely != nullptr && !has_others && !context.incomplete) {
    lonely->error(
        "a private socket is for superd alone, and of the family of the group's first other "
        "socket: add the address that clients use, such as \"127.0.0.1:8000\"");
  }
  settle_families(result);
  return result;
}

}  // namespace superd::config
