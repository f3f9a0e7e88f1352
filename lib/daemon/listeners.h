#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/spec.h"
#include "keeper/keeper_link.h"
#include "os/accept_queue.h"
#include "os/listen_socket.h"

namespace superd::daemon {

// The listening sockets of all groups, but for the private ones. They are opened once, kept by the
// keeper as well, and stay open while workers come and go: clients wait and are not refused.
class Listeners {
 public:
  // Hands a duplicate to the keeper under a name; the name comes back through adopt() in a later
  // supervisor.
  using Keep = std::function<void(const std::string& name, int fd)>;
  using Drop = std::function<void(const std::string& name)>;

  Listeners(std::string anchor_dir, Keep keep, Drop drop)
      : anchor_dir_(std::move(anchor_dir)), keep_(std::move(keep)), drop_(std::move(drop)) {}

  // `listen/127.0.0.1:8000`, for what the keeper holds.
  static constexpr const char* kPrefix = keeper::kListenPrefix;
  // The code of an error of open().
  static constexpr int kNotTaken = EAGAIN;

  void adopt(const std::string& name, UniqueFd fd);
  [[nodiscard]] bool is_adopted(const std::string& address) const {
    return adopted_.contains(address);
  }
  // Whether a socket of the group was adopted and waits for its open().
  [[nodiscard]] bool adopted_for(const core::GroupSpec& group) const;
  // The socket at this address is in processes that live on from an earlier superd, and may not be
  // taken from them: it cannot be opened as long as they have it, and `why` is said instead.
  void not_taken(const std::string& address, const std::string& why);
  // No process of the group is left: none has its sockets any more, and those that nobody can reach
  // are closed. open() opens them anew.
  void group_stopped(const core::GroupSpec& group);
  // Of the group's sockets: why new processes cannot have one, or clients not reach it; nothing:
  // there is none such.
  [[nodiscard]] std::optional<std::string> trouble(const core::GroupSpec& group) const;
  // Opens what is not open yet. An error names the address and the remedy; what could be opened
  // stays open. kNotTaken: nothing is amiss but addresses that are not_taken().
  Status open(const core::GroupSpec& group);
  // In `listen` order, without private ones; borrowed; after a successful open().
  [[nodiscard]] std::vector<int> fds(const core::GroupSpec& group) const;
  // The one at this address; borrowed; -1: it is private or not open.
  [[nodiscard]] int fd(const std::string& address) const;
  // Takes over what may change of an open socket: its backlog, and the mode and owner of its path.
  void update(const core::GroupSpec& group);
  // Closes those at other addresses, and removes their paths; also those that were adopted for an
  // address that nobody has: in them clients would wait for ever.
  void close_others(const std::set<std::string>& addresses);
  // Puts right what runners did to the sockets: a changed backlog, a removed path.
  void restore(const core::GroupSpec& group);
  // At the end of superd: closes all and removes their paths.
  void close();

 private:
  struct Socket {
    os::ListenRequest request;
    UniqueFd fd;
    std::string told{};  // what cannot be put right: said once
    bool lost = false;   // no name is left by which anybody could reach it
  };
  [[nodiscard]] Result<os::ListenRequest> request_of(const core::GroupSpec& group,
                                                     const core::ListenSpec& socket) const;

  std::string anchor_dir_;
  Keep keep_;
  Drop drop_;
  std::map<std::string, UniqueFd> adopted_;       // by address; not claimed by a group yet
  std::map<std::string, Socket> sockets_;         // by address
  std::map<std::string, std::string> not_taken_;  // why, by address
};

// By address, of those of the group that are held open and whose queue the kernel tells.
std::vector<std::pair<std::string, os::AcceptQueue>> accept_queues(const Listeners& listeners,
                                                                   const core::GroupSpec& group);

}  // namespace superd::daemon
