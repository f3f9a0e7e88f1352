#include "os/connect.h"

#include <cerrno>
#include <system_error>

namespace superd::os {
namespace {

tl::unexpected<Error> refused(int code) {
  return fail(std::generic_category().message(code), code);
}

}  // namespace

Result<SocketAddress> bound_address(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) == 0) {
    return address;
  }
  return fail_errno("cannot tell a socket's address", errno);
}

Result<UniqueFd> begin_connect(const SocketAddress& address) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return refused(errno);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
  // After EINTR a connection goes on by itself as well.
  if (::connect(fd.get(), raw, address.size) == 0 || errno == EINPROGRESS || errno == EINTR) {
    return fd;
  }
  return refused(errno);
}

Status connect_result(int connection) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(connection, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code != 0) return refused(code);
  return {};
}

}  // namespace superd::os
