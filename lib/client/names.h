#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/worker_ref.h"

// Which groups and workers the NAMEs of a command line mean.
namespace superd::client {

struct KnownGroup {
  std::string name{};
  std::vector<std::string> workers{};  // `web.1` …
};

// A whole group, or one worker of it.
struct Target {
  std::string group{};
  std::optional<std::string> worker{};

  [[nodiscard]] const std::string& label() const { return worker ? *worker : group; }
  // Where its state and its commands are: `/v1/groups/web`, `/v1/workers/web.2`.
  [[nodiscard]] std::string path() const;
  friend bool operator==(const Target&, const Target&) = default;
};

struct Resolution {
  // In the order of the names, each once; a worker whose whole group is named as well is left out.
  std::vector<Target> targets;
  // One sentence a name that means nothing: `no such group or worker "wbe", did you mean "web"?`.
  std::vector<std::string> unknown;
};

// A name is a group, a worker, a glob (over groups; over workers where no group matches), `all`, or
// `self`, which is passed on as it is: superd knows who asks. `all` never fails.
Resolution resolve(const std::vector<std::string>& names, const std::vector<KnownGroup>& known);

}  // namespace superd::client
