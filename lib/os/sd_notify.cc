#include "os/sd_notify.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "os/unix_address.h"

namespace superd::os {

Status sd_notify(const std::string& socket, std::string_view state, std::span<const int> fds) {
  if (socket.empty()) return {};
  if (socket.front() != '/' && socket.front() != '@') {
    return fail(fmt::format("NOTIFY_SOCKET {} is neither a path nor an abstract name", socket),
                EAFNOSUPPORT);
  }
  const Result<UnixAddress> address = unix_address(socket);
  if (!address) return tl::unexpected(address.error());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  iovec text{.iov_base = const_cast<char*>(state.data()), .iov_len = state.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(address->get());
  message.msg_namelen = address->size;
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  if (!fd || ::sendmsg(fd.get(), &message, MSG_NOSIGNAL) < 0) {
    return fail_errno(fmt::format("cannot notify {}", socket), errno);
  }
  return {};
}

}  // namespace superd::os
