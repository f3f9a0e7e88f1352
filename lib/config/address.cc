#include "config/address.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "base/text.h"

namespace superd::config {
namespace {

constexpr std::string_view kEvery4 = "0.0.0.0";
constexpr std::string_view kEvery6 = "::";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

tl::unexpected<Error> bad_port(std::string_view address, std::string_view port) {
  return fail(fmt::format("address {}: {} is no port: write a number from 1 to 65535",
                          quoted(address), quoted(port)));
}

Result<core::ListenSpec> parse_unix(std::string_view text, std::string_view path) {
  if (path.empty()) return fail("a unix socket needs a path: write \"unix:/run/web.sock\"");
  if (path.front() == '@') {
    return fail(
        fmt::format("address {}: abstract sockets are open to every user of the machine: "
                    "write a path, \"unix:/run/web.sock\"",
                    quoted(text)));
  }
  // unix:///run/web.sock is what some runners write.
  while (path.substr(0, 2) == "//") path.remove_prefix(1);
  if (path.back() == '/') {
    return fail(
        fmt::format("address {} names a directory: add the name of the socket", quoted(text)));
  }
  core::ListenSpec listen;
  listen.family = core::Family::unix_path;
  listen.path = path;
  listen.address = "unix:" + listen.path;
  return listen;
}

Result<core::ListenSpec> parse_tcp6(std::string_view text) {
  const auto end = text.find("]:");
  if (end == std::string_view::npos) {
    return fail(fmt::format("address {}: write IPv6 as \"[::1]:8000\"", quoted(text)));
  }
  const std::string host(text.substr(1, end - 1));
  const auto port = parse_port(text.substr(end + 2));
  if (!port) return bad_port(text, text.substr(end + 2));
  in6_addr binary{};
  if (::inet_pton(AF_INET6, host.c_str(), &binary) != 1) {
    return fail(fmt::format("address {}: {} is no IPv6 address", quoted(text), quoted(host)));
  }
  if (IN6_IS_ADDR_V4MAPPED(&binary)) {
    return fail(
        fmt::format("address {} is an IPv4 address written as IPv6: write it as "
                    "\"127.0.0.1:{}\"",
                    quoted(text), *port));
  }
  std::array<char, INET6_ADDRSTRLEN> name{};
  ::inet_ntop(AF_INET6, &binary, name.data(), name.size());
  core::ListenSpec listen;
  listen.family = core::Family::tcp6;
  listen.host = name.data();
  listen.port = *port;
  listen.address = fmt::format("[{}]:{}", listen.host, listen.port);
  return listen;
}

tl::unexpected<Error> bad_host(std::string_view text, std::string_view host,
                               std::string_view port) {
  if (host.find(':') != std::string_view::npos) {
    return fail(fmt::format("address {}: write IPv6 as \"[{}]:{}\"", quoted(text), host, port));
  }
  return fail(
      fmt::format("address {}: {} is no IP address: superd looks up no names, write the "
                  "address, or \":{}\" for all of the machine's",
                  quoted(text), quoted(host), port));
}

Result<core::ListenSpec> parse_tcp4(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    if (parse_port(text)) {
      return fail(
          fmt::format("address {} is a port alone: write \"127.0.0.1:{}\", or \":{}\" for "
                      "every address",
                      quoted(text), text, text));
    }
    return fail(fmt::format("address {} has no port: write \"ADDRESS:PORT\" or \"unix:PATH\"",
                            quoted(text)));
  }
  std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty() || host == "*") host = kEvery4;
  in_addr binary{};
  if (::inet_pton(AF_INET, host.c_str(), &binary) != 1) return bad_host(text, host, digits);
  const auto port = parse_port(digits);
  if (!port) return bad_port(text, digits);
  core::ListenSpec listen;
  listen.family = core::Family::tcp4;
  listen.host = host;
  listen.port = *port;
  listen.address = fmt::format("{}:{}", listen.host, listen.port);
  return listen;
}

}  // namespace

Result<core::ListenSpec> parse_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.substr(0, kUnix.size()) == kUnix) return parse_unix(text, text.substr(kUnix.size()));
  if (text.find('/') != std::string_view::npos) {
    const auto scheme = text.find("://");
    if (scheme != std::string_view::npos) {
      return fail(fmt::format("address {}: write it without {}", quoted(text),
                              quoted(text.substr(0, scheme + 3))));
    }
    return fail(fmt::format("address {} is a path: write \"unix:{}\"", quoted(text), text));
  }
  if (!text.empty() && text.front() == '[') return parse_tcp6(text);
  return parse_tcp4(text);
}

bool collide(const core::ListenSpec& a, const core::ListenSpec& b) {
  if (is_private(a) || is_private(b)) return false;
  if (a.family != b.family) return false;
  if (a.family == core::Family::unix_path) return a.path == b.path;
  if (a.port != b.port) return false;
  const std::string_view every = a.family == core::Family::tcp4 ? kEvery4 : kEvery6;
  return a.host == b.host || a.host == every || b.host == every;
}

}  // namespace superd::config
