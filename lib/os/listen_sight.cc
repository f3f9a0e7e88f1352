#include "os/listen_sight.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/listen_sight_identity.h"
#include "os/listen_sight_process.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

std::optional<PlainIdentity> identity_of(pid_t pid, const ListenSight::Options& options) {
  const Result<std::string> status = read_file(fmt::format("{}/{}/status", options.proc, pid));
  return status ? parse_identity(*status) : options.expected;
}

// Who may not look as superd itself looks with the eyes of the process's own user, where it may
// take them on.
Sight look_at(pid_t pid, const ProcessSight::Question& question,
              const ListenSight::Options& options) {
  ProcessSight process(pid, question);
  const Sight::Sign sign = process.look();
  Sight own{.sign = sign, .pid = pid, .hidden = process.hidden()};
  if (sign != Sight::Sign::none || !own.hidden) return own;
  const std::optional<PlainIdentity> identity = identity_of(pid, options);
  if (!identity) return own;
  const BorrowedIdentity borrowed(*identity);
  if (!borrowed.worked()) return own;
  ProcessSight again(pid, question);
  const Sight::Sign seen = again.look();
  return {.sign = seen, .pid = pid, .hidden = again.hidden() ? own.hidden : std::nullopt};
}

}  // namespace

ListenSight::ListenSight(std::vector<Listener> listeners, Options options)
    : listeners_(std::move(listeners)), options_(std::move(options)) {}

Sight ListenSight::look(std::span<const pid_t> pids, Depth depth) const {
  std::vector<std::uint64_t> accepted;
  if (depth == Depth::full) {
    for (const Listener& listener : listeners_) {
      // Where the kernel has no such tables, the threads alone tell.
      const auto part = options_.accepted(listener);
      if (part) accepted.insert(accepted.end(), part->begin(), part->end());
    }
    std::sort(accepted.begin(), accepted.end());
  }
  const ProcessSight::Question question{.proc = options_.proc,
                                        .calls = options_.calls,
                                        .listeners = listeners_,
                                        .accepted = accepted,
                                        .depth = depth};
  Sight sight;
  for (const pid_t pid : pids) {
    const Sight one = look_at(pid, question, options_);
    if (one.sign != Sight::Sign::none) {
      return {.sign = one.sign, .pid = pid, .hidden = std::nullopt};
    }
    if (!sight.hidden) sight.hidden = one.hidden;
  }
  return sight;
}

std::string describe(const Hidden& hidden) {
  return fmt::format("cannot see whether process {} waits on its socket: {}: {}", hidden.pid,
                     hidden.path, std::generic_category().message(hidden.code));
}

std::vector<pid_t> tree_below(pid_t pid, const std::string& proc) {
  std::vector<pid_t> tree{pid};
  for (std::size_t next = 0; next < tree.size(); ++next) {
    const std::string directory = fmt::format("{}/{}/task", proc, tree[next]);
    const Result<std::vector<int>> threads = numbered_entries(directory);
    if (!threads) continue;
    for (const int tid : *threads) {
      const Result<std::string> text =
          read_file(fmt::format("{}/{}/children", directory, tid), 1U << 20);
      if (!text) continue;
      for (const pid_t child : parse_pids(*text)) {
        // A PID that was given away and taken again meanwhile would lead in a circle.
        if (std::find(tree.begin(), tree.end(), child) == tree.end()) tree.push_back(child);
      }
    }
  }
  return tree;
}

pid_t last_listen_caller(int fd) {
  ucred caller{};
  socklen_t size = sizeof caller;
  sockaddr_storage address{};
  socklen_t address_size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) return 0;
  if (address.ss_family != AF_UNIX) return 0;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &size) != 0) return 0;
  return std::max(0, caller.pid);
}

}  // namespace superd::os
