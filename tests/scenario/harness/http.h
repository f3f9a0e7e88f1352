#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "harness/wait.h"

namespace superd::scenario {

struct Reply {
  int status = 0;     // 0: no answer, `error` says why
  std::string error;  // `connect: Connection refused`, `closed without an answer` …
  std::string body;
};

// One GET on a connection of its own. The address is as in a config: `127.0.0.1:8000`,
// `[::1]:8000`, `unix:/run/web.sock`.
class Get {
 public:
  // Connects and sends the request; a failure is told by reply().
  Get(const std::string& address, const std::string& path);

  // Waits for the whole answer, or for the limit.
  Reply reply(std::chrono::milliseconds limit = kSoon);

 private:
  UniqueFd fd_;
  std::string error_;
};

inline Reply get(const std::string& address, const std::string& path) {
  return Get(address, path).reply();
}

// A TCP port of 127.0.0.1 that nobody listens on now.
int free_port();

}  // namespace superd::scenario
