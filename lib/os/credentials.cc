#include "os/credentials.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace superd::os {
namespace {

// Newer than the headers of Debian 12.
constexpr int kSoPeerPidfd = 77;

std::optional<std::uint32_t> to_id(const std::string& text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  // The last number means `unchanged` to the kernel.
  if (!whole || id == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return id;
}

User to_user(const passwd& entry) {
  return {.name = entry.pw_name,
          .uid = entry.pw_uid,
          .gid = entry.pw_gid,
          .home = entry.pw_dir,
          .shell = entry.pw_shell};
}

// Calls one of the get…_r functions with a buffer that grows until the entry fits. Nothing: there
// is no such entry.
template <class Entry, class Lookup>
Result<std::optional<Entry>> look_up(Lookup lookup, std::vector<char>& buffer) {
  constexpr std::size_t kMost = 16U << 20;
  buffer.resize(4096);
  while (true) {
    Entry entry{};
    Entry* found = nullptr;
    const int code = lookup(&entry, buffer.data(), buffer.size(), &found);
    if (code == ERANGE && buffer.size() < kMost) {
      buffer.resize(buffer.size() * 2);
      continue;
    }
    if (code == EINTR) continue;
    if (found != nullptr) return entry;
    // These also mean that there is none, by getpwnam(3).
    const bool none =
        code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
    if (none) return std::nullopt;
    return fail_errno("the name service failed", code);
  }
}

Result<std::optional<User>> user_entry(uid_t uid) {
  std::vector<char> buffer;
  const auto lookup = [uid](passwd* entry, char* data, std::size_t size, passwd** found) {
    return ::getpwuid_r(uid, entry, data, size, found);
  };
  const auto entry = look_up<passwd>(lookup, buffer);
  if (!entry) return tl::unexpected(entry.error());
  if (!*entry) return std::nullopt;
  return to_user(**entry);
}

// Certain only if the process still lived after its start time was read.
std::optional<ProcessId> certain_process(pid_t pid, int pidfd) {
  const Result<ProcessId> id = process_id(pid);
  if (!id || !signal_pidfd(pidfd, 0)) {
    // EPERM: it lives, and is another user's.
    const bool alive = id && signal_pidfd(pidfd, 0).error().code == EPERM;
    if (!alive) return std::nullopt;
  }
  return *id;
}

}  // namespace

Result<User> find_user(const std::string& name) {
  std::vector<char> buffer;
  const auto lookup = [&name](passwd* entry, char* data, std::size_t size, passwd** found) {
    return ::getpwnam_r(name.c_str(), entry, data, size, found);
  };
  const auto entry = look_up<passwd>(lookup, buffer);
  if (!entry) return tl::unexpected(entry.error());
  if (*entry) return to_user(**entry);
  if (const std::optional<uid_t> uid = to_id(name)) return find_user(*uid);
  return fail(fmt::format("no user \"{}\"", name), ENOENT);
}

Result<User> find_user(uid_t uid) {
  Result<std::optional<User>> entry = user_entry(uid);
  if (!entry) return tl::unexpected(entry.error());
  if (*entry) return std::move(**entry);
  return User{.name = std::to_string(uid), .uid = uid, .gid = uid, .home = "/", .shell = "/bin/sh"};
}

Result<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer;
  const auto lookup = [&name](group* entry, char* data, std::size_t size, group** found) {
    return ::getgrnam_r(name.c_str(), entry, data, size, found);
  };
  const auto entry = look_up<group>(lookup, buffer);
  if (!entry) return tl::unexpected(entry.error());
  if (*entry) return (*entry)->gr_gid;
  if (const std::optional<gid_t> gid = to_id(name)) return *gid;
  return fail(fmt::format("no group \"{}\"", name), ENOENT);
}

Result<std::vector<gid_t>> supplementary_groups(const User& user) {
  constexpr int kMost = 65536;
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
    // count says how many are needed; some name services forget to.
    const std::size_t wanted = std::max(groups.size() * 2, static_cast<std::size_t>(count));
    if (wanted > kMost) return fail(fmt::format("{} is in too many groups", user.name), E2BIG);
    groups.resize(wanted);
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

Privileged own_privilege() { return ::geteuid() == 0 ? Privileged::yes : Privileged::no; }

Result<Peer> peer_of(int connection) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail_errno("cannot tell who connected", errno);
  }
  Peer peer{.uid = credentials.uid,
            .gid = credentials.gid,
            .pid = credentials.pid,
            .pidfd = UniqueFd(),
            .process = std::nullopt};
  if (peer.pid <= 0) return peer;
  int fd = -1;
  size = sizeof fd;
  if (::getsockopt(connection, SOL_SOCKET, kSoPeerPidfd, &fd, &size) == 0) {
    peer.pidfd.reset(fd);
  } else if (Result<UniqueFd> opened = open_pidfd(peer.pid)) {
    peer.pidfd = std::move(*opened);
  }
  if (peer.pidfd) peer.process = certain_process(peer.pid, peer.pidfd.get());
  return peer;
}

}  // namespace superd::os
