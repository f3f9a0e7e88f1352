#include "os/sd_notify.h"

#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "os/unix_address.h"

namespace superd::os {

Status sd_notify(const std::string& socket, std::string_view state) {
  if (socket.empty()) return {};
  if (socket.front() != '/' && socket.front() != '@') {
    return fail(fmt::format("NOTIFY_SOCKET {} is neither a path nor an abstract name", socket),
                EAFNOSUPPORT);
  }
  const Result<UnixAddress> address = unix_address(socket);
  if (!address) return tl::unexpected(address.error());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, address->get(),
                      address->size) < 0) {
    return fail_errno(fmt::format("cannot notify {}", socket), errno);
  }
  return {};
}

}  // namespace superd::os
