#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "base/result.h"

// Messages of NETLINK_SOCK_DIAG (sock_diag(7)): asking, and walking through what comes.
namespace superd::os {

// What the bytes begin with; nothing: they are too few.
template <class T>
std::optional<T> read_as(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Behind a part of that size and its padding to four bytes.
inline std::span<const std::byte> behind(std::span<const std::byte> bytes, std::size_t size) {
  return bytes.subspan(std::min(bytes.size(), (size + 3U) & ~std::size_t{3}));
}

// The value of the first attribute of that type; nothing: there is none, or they are malformed.
inline std::optional<std::span<const std::byte>> find_attribute(
    std::span<const std::byte> attributes, unsigned short type) {
  while (const auto attribute = read_as<rtattr>(attributes)) {
    const std::size_t size = attribute->rta_len;
    if (size < sizeof *attribute || size > attributes.size()) return std::nullopt;
    if (attribute->rta_type == type) {
      return attributes.subspan(sizeof *attribute, size - sizeof *attribute);
    }
    attributes = behind(attributes, size);
  }
  return std::nullopt;
}

// `more_flags` beside NLM_F_REQUEST.
template <class Request>
Status ask_sock_diag(int netlink, const Request& request, std::uint16_t more_flags) {
  struct {
    nlmsghdr header;
    Request request;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | more_flags);
  message.request = request;
  if (::send(netlink, &message, sizeof message, 0) < 0) return fail_errno("sock_diag", errno);
  return {};
}

}  // namespace superd::os
