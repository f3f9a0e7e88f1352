#include "harness/address.h"

#include <cstdint>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

namespace superd::scenario {
namespace {

template <class T>
Address wrap(const T& address) {
  Address wrapped;
  std::memcpy(&wrapped.storage, &address, sizeof address);
  wrapped.length = sizeof address;
  return wrapped;
}

}  // namespace

Address parse_address(const std::string& text) {
  if (text.rfind("unix:", 0) == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    text.copy(address.sun_path, sizeof address.sun_path - 1, 5);
    return wrap(address);
  }
  const std::size_t colon = text.rfind(':');
  const auto port = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)));
  if (text[0] == '[') {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    ::inet_pton(AF_INET6, text.substr(1, colon - 2).c_str(), &address.sin6_addr);
    return wrap(address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr);
  return wrap(address);
}

UniqueFd stream_socket(const Address& address, int flags) {
  return UniqueFd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

UniqueFd listen_on(const std::string& text) {
  const Address address = parse_address(text);
  UniqueFd socket = stream_socket(address);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage),
                 address.length) == 0);
  REQUIRE(::listen(socket.get(), 16) == 0);
  return socket;
}

int connect(const UniqueFd& fd, const Address& address) {
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
}

}  // namespace superd::scenario
