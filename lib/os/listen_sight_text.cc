#include "os/listen_sight_text.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include <poll.h>

#include "base/number.h"

namespace superd::os {
namespace {

constexpr std::string_view kBlanks = " \t";

// Takes the text up to the separator, and the separator, away.
std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

// The next word, without the blanks before it; empty: no more.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

// The number after `label`, which may stand apart from it: `tfd:        5`, `ino:4d2`.
template <class Number>
std::optional<Number> take_field(std::string_view& line, std::string_view label, int base) {
  std::string_view word = take_word(line);
  if (!word.starts_with(label)) return std::nullopt;
  word.remove_prefix(label.size());
  if (word.empty()) word = take_word(line);
  return to_number<Number>(word, base);
}

// tfd: %8d events: %8x data: %16llx  pos:%lli ino:%lx sdev:%x
std::optional<EpollEntry> parse_epoll_line(std::string_view line) {
  constexpr int kHex = 16;
  const auto fd = take_field<int>(line, "tfd:", 10);
  const auto events = take_field<std::uint32_t>(line, "events:", kHex);
  const auto data = take_field<std::uint64_t>(line, "data:", kHex);
  const auto position = take_field<std::int64_t>(line, "pos:", 10);
  const auto inode = take_field<std::uint64_t>(line, "ino:", kHex);
  const auto device = take_field<std::uint64_t>(line, "sdev:", kHex);
  if (!fd || !events || !data || !position || !inode || !device) return std::nullopt;
  return EpollEntry{.fd = *fd, .events = *events, .inode = *inode, .device = *device};
}

// The one value of a line of four ids; nothing where they differ.
template <class Id>
std::optional<Id> one_id(std::string_view line) {
  std::optional<Id> id;
  for (int i = 0; i < 4; ++i) {
    const auto next = to_number<Id>(take_word(line));
    if (!next || (id && *id != *next)) return std::nullopt;
    id = next;
  }
  return id;
}

}  // namespace

std::optional<std::uint64_t> socket_inode(std::string_view link) {
  constexpr std::string_view kPrefix = "socket:[";
  if (!link.starts_with(kPrefix) || !link.ends_with(']')) return std::nullopt;
  return to_number<std::uint64_t>(link.substr(kPrefix.size(), link.size() - kPrefix.size() - 1));
}

bool is_epoll_link(std::string_view link) { return link == "anon_inode:[eventpoll]"; }

bool is_poll_function(std::string_view wchan) {
  // The compiler may make one of another, or add to its name: `poll_schedule_timeout.constprop.0`.
  const std::string_view name = wchan.substr(0, wchan.find_first_of(".\n"));
  return name == "poll_schedule_timeout" || name == "do_poll" || name == "do_sys_poll";
}

std::vector<EpollEntry> parse_epoll(std::string_view fdinfo) {
  std::vector<EpollEntry> entries;
  while (!fdinfo.empty()) {
    const auto entry = parse_epoll_line(take_until(fdinfo, '\n'));
    if (entry) entries.push_back(*entry);
  }
  return entries;
}

std::vector<int> polled_for_input(std::span<const std::byte> pollfds) {
  std::vector<int> fds;
  while (pollfds.size() >= sizeof(pollfd)) {
    pollfd entry{};
    std::memcpy(&entry, pollfds.data(), sizeof entry);
    pollfds = pollfds.subspan(sizeof entry);
    if (entry.fd >= 0 && (entry.events & POLLIN) != 0) fds.push_back(entry.fd);
  }
  return fds;
}

std::vector<int> selected(std::span<const std::byte> set, int count) {
  std::vector<int> fds;
  const std::size_t limit =
      std::min(set.size() * CHAR_BIT, static_cast<std::size_t>(std::max(0, count)));
  for (std::size_t bit = 0; bit < limit; ++bit) {
    // Words of the machine's size, least byte first: bit n is in byte n / 8 on both machines.
    const auto byte = std::to_integer<unsigned>(set[bit / CHAR_BIT]);
    if ((byte >> (bit % CHAR_BIT) & 1U) != 0) fds.push_back(static_cast<int>(bit));
  }
  return fds;
}

std::vector<pid_t> parse_pids(std::string_view text) {
  std::vector<pid_t> pids;
  while (!text.empty()) {
    const auto pid = to_number<pid_t>(take_until(text, ' '));
    if (pid && *pid > 0) pids.push_back(*pid);
  }
  return pids;
}

std::optional<PlainIdentity> parse_identity(std::string_view status) {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  while (!status.empty()) {
    std::string_view line = take_until(status, '\n');
    const std::string_view key = take_word(line);
    if (key == "Uid:") uid = one_id<uid_t>(line);
    if (key == "Gid:") gid = one_id<gid_t>(line);
  }
  if (!uid || !gid) return std::nullopt;
  return PlainIdentity{.uid = *uid, .gid = *gid};
}

}  // namespace superd::os
