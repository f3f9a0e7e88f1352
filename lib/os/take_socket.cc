#include "os/take_socket.h"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/listen_socket.h"

namespace superd::os {
namespace {

// The numbers of the process's descriptors that are sockets.
Result<std::vector<int>> sockets_of(pid_t pid) {
  std::error_code failed;
  std::vector<int> numbers;
  for (const auto& entry :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), failed)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || !target.starts_with("socket:")) continue;
    const std::string name = entry.path().filename();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number >= 0) numbers.push_back(number);
  }
  if (failed) return fail_errno(fmt::format("descriptors of process {}", pid), failed.value());
  return numbers;
}

}  // namespace

Result<std::vector<TakenSocket>> take_listening_sockets(int pidfd, pid_t pid) {
  Result<std::vector<int>> numbers = sockets_of(pid);
  if (!numbers) return tl::unexpected(numbers.error());
  std::vector<TakenSocket> taken;
  std::set<std::string> known;
  for (const int number : *numbers) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0)));
    if (!fd && (errno == EBADF || errno == ESRCH)) continue;
    if (!fd) return fail_errno(fmt::format("a socket of process {}", pid), errno);
    if (!is_listening(fd.get())) continue;
    Result<std::string> address = local_address(fd.get());
    if (!address || !known.insert(*address).second) continue;
    taken.push_back({.address = std::move(*address), .fd = std::move(fd)});
  }
  return taken;
}

}  // namespace superd::os
