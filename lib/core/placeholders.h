#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The placeholders of the config's texts: {group} {worker} {generation} {fd:NAME} {addr:NAME}
// {port}; `{{` and `}}` are braces. Nothing else is looked at: no variables, no shell. Pure.
namespace superd::core {

// {fd:ready} where ready.when = "fd": the descriptor on which a worker says that it is ready.
inline constexpr std::string_view kReadyFd = "ready";

enum class Placeholder { group, worker, generation, fd, port, addr };

// What a text may use, for check_placeholders.
struct PlaceholderScope {
  std::vector<Placeholder> allowed;
  // The names that {fd:NAME} may name: those of the group's listening sockets.
  std::vector<std::string> fd_names;
  // Those that {addr:NAME} may name: a private socket's address is known to its worker alone.
  std::vector<std::string> addr_names{};
};

struct NamedAddress {
  std::string name;  // of the socket
  std::string address{};
};

// What the placeholders stand for in one worker of one generation.
struct PlaceholderValues {
  std::string group;
  int worker = 1;
  std::uint64_t generation = 0;
  // port_base + worker - 1; nothing where the group has no port_base.
  std::optional<int> port;
  // In order of descriptors: the first name is fd 3.
  std::vector<std::string> fd_names;
  // What {addr:NAME} stands for; the address of a private socket is empty where no worker is
  // started.
  std::vector<NamedAddress> addresses{};
};

// Fails for an unknown placeholder, one outside the scope, and a lone brace; the message names it
// and the remedy, not the text it stands in.
Status check_placeholders(std::string_view text, const PlaceholderScope& scope);

// Fails as check_placeholders does; never for a text that was checked against the same group.
Result<std::string> expand_placeholders(std::string_view text, const PlaceholderValues& values);

// Whether the text uses it; false where the text is malformed.
bool uses_placeholder(std::string_view text, Placeholder placeholder);

// The names in its {fd:NAME}, in order; none where the text is malformed.
std::vector<std::string> fd_names(std::string_view text);
// The same of {addr:NAME}.
std::vector<std::string> addr_names(std::string_view text);

// `text` so that expanding gives it back: braces doubled.
std::string escape_placeholders(std::string_view text);

}  // namespace superd::core
