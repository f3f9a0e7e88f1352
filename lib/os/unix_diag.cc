#include "os/unix_diag.h"

#include <array>
#include <cerrno>

#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/unique_fd.h"
#include "os/netlink_message.h"

namespace superd::os {
namespace {

// The kernel's own form of a device number.
constexpr unsigned kMinorBits = 20;

}  // namespace

Result<std::vector<std::byte>> ask_unix_diag(int fd, std::uint32_t show) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno("fstat of a socket", errno);
  const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return fail_errno("NETLINK_SOCK_DIAG", errno);
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_ino = static_cast<std::uint32_t>(status.st_ino);
  request.udiag_show = show;
  request.udiag_cookie[0] = ~0U;
  request.udiag_cookie[1] = ~0U;
  if (Status asked = ask_sock_diag(netlink.get(), request, 0); !asked) {
    return tl::unexpected(asked.error());
  }
  std::vector<std::byte> buffer(4096);
  const ssize_t got = ::recv(netlink.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return fail_errno("sock_diag", errno);
  buffer.resize(static_cast<std::size_t>(got));
  return buffer;
}

std::optional<std::span<const std::byte>> unix_diag_value(std::span<const std::byte> packet,
                                                          unsigned short type) {
  const auto header = read_as<nlmsghdr>(packet);
  if (!header || header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  if (header->nlmsg_len > packet.size()) return std::nullopt;
  packet = packet.first(header->nlmsg_len);
  if (packet.size() < sizeof *header + sizeof(unix_diag_msg)) return std::nullopt;
  return find_attribute(behind(packet, sizeof *header + sizeof(unix_diag_msg)), type);
}

std::optional<BoundFile> bound_file(int fd) {
  const Result<std::vector<std::byte>> told = ask_unix_diag(fd, UDIAG_SHOW_VFS);
  if (!told) return std::nullopt;
  const auto value = unix_diag_value(*told, UNIX_DIAG_VFS);
  const auto file = value ? read_as<unix_diag_vfs>(*value) : std::nullopt;
  if (!file) return std::nullopt;
  const std::uint32_t device = file->udiag_vfs_dev;
  return BoundFile{
      .device = makedev(device >> kMinorBits, device & ((std::uint32_t{1} << kMinorBits) - 1)),
      .inode = file->udiag_vfs_ino};
}

}  // namespace superd::os
