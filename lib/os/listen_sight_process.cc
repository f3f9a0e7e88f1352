#include "os/listen_sight_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "os/directory.h"
#include "os/listen_sight_text.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

// Servers wait on few descriptors by poll and select; the rest is left out rather than paid for.
constexpr std::uint64_t kMostPolled = 1024;
constexpr int kMostSelected = 1 << 16;
// An epoll may watch ten thousand connections beside the listener, a line of some 80 bytes each.
constexpr std::size_t kMostEpollText = 8U << 20;
// As deep as the kernel allows epolls to watch one another.
constexpr int kEpollLevels = 5;

int to_fd(std::uint64_t argument) { return static_cast<int>(static_cast<std::uint32_t>(argument)); }

}  // namespace

Result<std::vector<int>> numbered_entries(const std::string& directory) {
  const Directory listing(::opendir(directory.c_str()));
  if (!listing) return fail_errno(directory, errno);
  std::vector<int> numbers;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name(static_cast<const char*>(entry->d_name));
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

ProcessSight::ProcessSight(pid_t pid, const Question& question)
    : pid_(pid), question_(question), directory_(fmt::format("{}/{}", question.proc, pid)) {}

Sight::Sign ProcessSight::look() {
  for (const int tid : numbers_in("task")) {
    if (thread_waits(tid)) return Sight::Sign::waits;
  }
  return holds_accepted() ? Sight::Sign::accepted : Sight::Sign::none;
}

bool ProcessSight::thread_waits(int tid) {
  const std::string path = fmt::format("task/{}/syscall", tid);
  const std::optional<std::string> line = read(path);
  if (!line) return false;
  const std::optional<BlockedCall> call = parse_blocked_call(*line);
  // What it waits on is read after the call was: it counts if the thread waits there still, and has
  // not meanwhile begun to watch the socket and gone on with something else.
  return call && waits_in(*call, tid) && read(path) == line;
}

// A call that a signal interrupted goes on as restart_syscall, with the arguments it had: a poll
// as well as a lock or a sleep with a limit, whose arguments may look like a poll's. The function
// in which the kernel waits tells them apart; where it is not told nothing is.
bool ProcessSight::polls_again(int tid) {
  const std::optional<std::string> function = read(fmt::format("task/{}/wchan", tid));
  return function && is_poll_function(*function);
}

bool ProcessSight::waits_in(const BlockedCall& call, int tid) {
  const std::optional<WaitKind> kind = wait_kind(call.number, question_.calls);
  if (!kind) return false;
  if (call.number == question_.calls.restart_syscall && !polls_again(tid)) return false;
  const auto& arguments = call.arguments;
  switch (*kind) {
    case WaitKind::accept:
      return any_is_listener({to_fd(arguments[0])});
    case WaitKind::epoll:
      return epoll_watches(to_fd(arguments[0]), 1);
    case WaitKind::poll: {
      const auto count = static_cast<std::size_t>(std::min(arguments[1], kMostPolled));
      return any_is_listener(polled_for_input(memory(arguments[0], count * sizeof(pollfd))));
    }
    case WaitKind::select: {
      const int count = std::clamp(to_fd(arguments[0]), 0, kMostSelected);
      if (arguments[1] == 0) return false;
      constexpr std::size_t kWord = 8;
      const std::size_t size = (static_cast<std::size_t>(count) + 63) / 64 * kWord;
      return any_is_listener(selected(memory(arguments[1], size), count));
    }
  }
  std::abort();
}

bool ProcessSight::any_is_listener(const std::vector<int>& fds) {
  return std::any_of(fds.begin(), fds.end(), [this](int fd) {
    const std::optional<std::uint64_t> inode = socket_inode(link(fd));
    return inode && std::any_of(question_.listeners.begin(), question_.listeners.end(),
                                [&](const Listener& l) { return l.inode == *inode; });
  });
}

bool ProcessSight::epoll_watches(int fd, int level) {
  const std::optional<std::string> text = read(fmt::format("fdinfo/{}", fd));
  if (!text) return false;
  // The number that a descriptor had when it was added may be another file's by now, or nobody's:
  // the inode tells.
  for (const EpollEntry& entry : parse_epoll(*text)) {
    if ((entry.events & EPOLLIN) == 0) continue;
    const auto is_it = [&entry](const Listener& listener) {
      return entry.inode == listener.inode && entry.device == listener.device;
    };
    if (std::any_of(question_.listeners.begin(), question_.listeners.end(), is_it)) return true;
    // All epolls have one inode; for them the number is all there is.
    const bool deeper =
        question_.depth == ListenSight::Depth::full && level < kEpollLevels && entry.fd != fd;
    if (deeper && is_epoll_link(link(entry.fd)) && epoll_watches(entry.fd, level + 1)) return true;
  }
  return false;
}

bool ProcessSight::holds_accepted() {
  if (question_.accepted.empty()) return false;
  const std::vector<int> fds = numbers_in("fd");
  return std::any_of(fds.begin(), fds.end(), [this](int fd) {
    const std::optional<std::uint64_t> inode = socket_inode(link(fd));
    return inode &&
           std::binary_search(question_.accepted.begin(), question_.accepted.end(), *inode);
  });
}

std::optional<std::string> ProcessSight::read(const std::string& path) {
  const std::string whole = fmt::format("{}/{}", directory_, path);
  Result<std::string> text = read_file(whole, kMostEpollText);
  if (text) return std::move(*text);
  not_read(whole, text.error().code);
  return std::nullopt;
}

std::string ProcessSight::link(int fd) {
  if (fd < 0) return "";
  const std::string path = fmt::format("{}/fd/{}", directory_, fd);
  std::array<char, 64> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size >= 0) return {target.data(), static_cast<std::size_t>(size)};
  not_read(path, errno);
  return "";
}

std::vector<std::byte> ProcessSight::memory(std::uint64_t address, std::size_t size) {
  const std::string path = directory_ + "/mem";
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    not_read(path, errno);
    return {};
  }
  std::vector<std::byte> bytes(size);
  const ssize_t got = ::pread(fd.get(), bytes.data(), size, static_cast<off_t>(address));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::vector<int> ProcessSight::numbers_in(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory_, directory);
  Result<std::vector<int>> numbers = numbered_entries(path);
  if (numbers) return std::move(*numbers);
  not_read(path, numbers.error().code);
  return {};
}

void ProcessSight::not_read(const std::string& path, int code) {
  if (hidden_) return;
  if (code == EACCES || code == EPERM) {
    hidden_ = Hidden{.pid = pid_, .path = path, .code = code};
    return;
  }
  if (code != ENOENT || path.find("/fd") != std::string::npos) return;
  // Not there, though the process is: it is hidden as a whole, or the kernel has no such file.
  const bool thread_lives =
      ::access((path.substr(0, path.rfind('/')) + "/stat").c_str(), F_OK) == 0;
  const bool whole_hidden =
      ::access(directory_.c_str(), F_OK) != 0 && (::kill(pid_, 0) == 0 || errno == EPERM);
  if (thread_lives && path.ends_with("/syscall")) {
    hidden_ = Hidden{.pid = pid_, .path = path, .code = code};
  } else if (whole_hidden) {
    hidden_ = Hidden{.pid = pid_, .path = directory_, .code = code};
  }
}

}  // namespace superd::os
