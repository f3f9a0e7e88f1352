#include "core/placeholders.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::core {
namespace {

constexpr int kFirstDescriptor = 3;

struct Known {
  std::string_view name;
  Placeholder kind;
};
constexpr Known kKnown[] = {{"group", Placeholder::group},
                            {"worker", Placeholder::worker},
                            {"generation", Placeholder::generation},
                            {"fd", Placeholder::fd},
                            {"port", Placeholder::port},
                            {"addr", Placeholder::addr}};

// A part of a text: literal bytes, or one placeholder.
struct Piece {
  std::string literal;
  std::optional<Placeholder> placeholder;
  std::string name;  // fd, addr: of the socket
};

bool names_socket(Placeholder kind) { return kind == Placeholder::fd || kind == Placeholder::addr; }

Result<Piece> parse_placeholder(std::string_view inside) {
  const auto colon = inside.find(':');
  const std::string_view word = inside.substr(0, colon);
  for (const Known& known : kKnown) {
    if (known.name != word) continue;
    const bool wants_name = names_socket(known.kind);
    if (wants_name != (colon != std::string_view::npos)) break;
    Piece piece{.literal = {}, .placeholder = known.kind, .name = {}};
    if (wants_name) piece.name = inside.substr(colon + 1);
    return piece;
  }
  if (word == "fd" || word == "addr") {
    return fail(fmt::format("{{{0}}} needs the name of a socket: write {{{0}:NAME}}", word));
  }
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return fail(fmt::format("unknown placeholder {}{} (write {{{{ and }}}} for braces)",
                          quoted(fmt::format("{{{}}}", inside)), did_you_mean(word, names)));
}

Result<std::vector<Piece>> parse(std::string_view text) {
  std::vector<Piece> pieces;
  std::string literal;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      literal += c;
    } else if (at + 1 < text.size() && text[at + 1] == c) {
      literal += c;
      ++at;
    } else if (c == '}') {
      return fail("a lone '}': write }} for a brace");
    } else {
      const auto end = text.find_first_of("{}", at + 1);
      if (end == std::string_view::npos || text[end] == '{') {
        return fail("a lone '{': write {{ for a brace");
      }
      auto piece = parse_placeholder(text.substr(at + 1, end - at - 1));
      if (!piece) return tl::unexpected(piece.error());
      piece->literal = std::exchange(literal, {});
      pieces.push_back(std::move(*piece));
      at = end;
    }
  }
  pieces.push_back(Piece{.literal = std::move(literal), .placeholder = {}, .name = {}});
  return pieces;
}

std::string_view name_of(Placeholder placeholder) {
  for (const Known& known : kKnown) {
    if (known.kind == placeholder) return known.name;
  }
  std::abort();
}

Result<std::size_t> find_socket(const Piece& piece, std::span<const std::string> names) {
  const auto found = std::find(names.begin(), names.end(), piece.name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string text = fmt::format("{{{}:{}}}", name_of(*piece.placeholder), piece.name);
  if (names.empty()) {
    return fail(fmt::format("{} names a socket, but the group has no `listen`", text));
  }
  const std::string hint = did_you_mean(piece.name, names);
  return fail(fmt::format("{} names no socket of the group{}", text,
                          hint.empty() ? fmt::format(": it has {}", join(names, ", ")) : hint));
}

Result<std::string> value_of(const Piece& piece, const PlaceholderValues& values) {
  switch (*piece.placeholder) {
    case Placeholder::group:
      return values.group;
    case Placeholder::worker:
      return std::to_string(values.worker);
    case Placeholder::generation:
      return std::to_string(values.generation);
    case Placeholder::port:
      if (!values.port) return fail("{port} needs `port_base`");
      return std::to_string(*values.port);
    case Placeholder::fd: {
      const auto index = find_socket(piece, values.fd_names);
      if (!index) return tl::unexpected(index.error());
      return std::to_string(kFirstDescriptor + static_cast<int>(*index));
    }
    case Placeholder::addr: {
      std::vector<std::string> names;
      for (const NamedAddress& socket : values.addresses) names.push_back(socket.name);
      const auto index = find_socket(piece, names);
      if (!index) return tl::unexpected(index.error());
      return values.addresses[*index].address;
    }
  }
  std::abort();
}

std::vector<std::string> names_in(std::string_view text, Placeholder kind) {
  std::vector<std::string> names;
  const auto pieces = parse(text);
  if (!pieces) return names;
  for (const Piece& piece : *pieces) {
    if (piece.placeholder == kind) names.push_back(piece.name);
  }
  return names;
}

}  // namespace

Status check_placeholders(std::string_view text, const PlaceholderScope& scope) {
  const auto pieces = parse(text);
  if (!pieces) return tl::unexpected(pieces.error());
  for (const Piece& piece : *pieces) {
    if (!piece.placeholder) continue;
    const Placeholder kind = *piece.placeholder;
    if (std::find(scope.allowed.begin(), scope.allowed.end(), kind) == scope.allowed.end()) {
      return fail(fmt::format("{{{}}} cannot be used here", name_of(kind)));
    }
    if (!names_socket(kind)) continue;
    const auto& names = kind == Placeholder::fd ? scope.fd_names : scope.addr_names;
    if (const auto index = find_socket(piece, names); !index) return tl::unexpected(index.error());
  }
  return {};
}

Result<std::string> expand_placeholders(std::string_view text, const PlaceholderValues& values) {
  const auto pieces = parse(text);
  if (!pieces) return tl::unexpected(pieces.error());
  std::string result;
  for (const Piece& piece : *pieces) {
    result += piece.literal;
    if (!piece.placeholder) continue;
    const auto value = value_of(piece, values);
    if (!value) return tl::unexpected(value.error());
    result += *value;
  }
  return result;
}

bool uses_placeholder(std::string_view text, Placeholder placeholder) {
  const auto pieces = parse(text);
  return pieces && std::any_of(pieces->begin(), pieces->end(), [&](const Piece& piece) {
           return piece.placeholder == placeholder;
         });
}

std::vector<std::string> fd_names(std::string_view text) { return names_in(text, Placeholder::fd); }

std::vector<std::string> addr_names(std::string_view text) {
  return names_in(text, Placeholder::addr);
}

std::string escape_placeholders(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '{' || c == '}') result += c;
  }
  return result;
}

}  // namespace superd::core
