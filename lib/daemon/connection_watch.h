#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/spec.h"
#include "loop/loop.h"
#include "loop/poll.h"

namespace superd::daemon {

// Tells that a connection waits in a socket of a group that has no process which would take it.
// Told once; nothing is taken from the socket, so that the connection goes to the process that is
// started for it. A socket is watched only meanwhile: beside processes that wait on it the watch
// would wake superd for nearly every connection (LINUX.md).
class ConnectionWatch {
 public:
  using Tell = std::function<void(const std::string& group)>;

  ConnectionWatch(loop::Loop& loop, Tell tell) : loop_(loop), tell_(std::move(tell)) {}

  // Replaces an earlier watch of the group. The sockets are borrowed for the call alone. An error
  // names what cannot be watched; what can be is.
  Status watch(const std::string& group, const std::vector<int>& sockets);
  void unwatch(const std::string& group) { watches_.erase(group); }

 private:
  // A duplicate: a descriptor has one watch in a loop, and this one is nobody else's.
  struct Watch {
    UniqueFd fd;
    loop::Poll poll;
  };
  void on_connection(const std::string& group);

  loop::Loop& loop_;
  Tell tell_;
  std::map<std::string, std::vector<Watch>> watches_;
};

}  // namespace superd::daemon
