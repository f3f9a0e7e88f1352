#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <sys/types.h>

// What /proc shows of descriptors and of what a thread waits for, as values. Pure; any bytes are
// taken, what does not parse is left out.
namespace superd::os {

// `socket:[4711]` -> 4711, a link of /proc/PID/fd.
std::optional<std::uint64_t> socket_inode(std::string_view link);
bool is_epoll_link(std::string_view link);

// Whether a thread that waits in this function of the kernel, the text of its wchan, is in a poll.
bool is_poll_function(std::string_view wchan);

// One descriptor that an epoll watches.
struct EpollEntry {
  int fd = -1;               // its number when it was added; may be another file by now
  std::uint32_t events = 0;  // EPOLLIN …
  std::uint64_t inode = 0;
  std::uint64_t device = 0;  // as the kernel writes it: major << 20 | minor

  friend bool operator==(const EpollEntry&, const EpollEntry&) = default;
};
// The text of /proc/PID/fdinfo/N of an epoll descriptor.
std::vector<EpollEntry> parse_epoll(std::string_view fdinfo);

// The descriptors that a poll(2) waits for input on, of the bytes of its array.
std::vector<int> polled_for_input(std::span<const std::byte> pollfds);
// The members below `count` of a set of select(2).
std::vector<int> selected(std::span<const std::byte> set, int count);

// `/proc/PID/task/TID/children`: `123 456 `.
std::vector<pid_t> parse_pids(std::string_view text);

// Real, effective, saved and file-system ids are one and the same in each line of
// /proc/PID/status.
struct PlainIdentity {
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const PlainIdentity&, const PlainIdentity&) = default;
};
// Nothing: the ids of the process differ from one another, or the text is none.
std::optional<PlainIdentity> parse_identity(std::string_view status);

}  // namespace superd::os
