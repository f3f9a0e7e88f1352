#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "core/spec.h"

// Where things are when nobody says so: the config file, superd's directories, the control socket.
// The rules of SPEC section 2, as functions of who asks and of its environment.
namespace superd::config {

struct Surroundings {
  uid_t uid = 0;
  std::string home;  // $HOME, else the account's; may be empty
  std::vector<core::EnvEntry> environment;
};
// Of the process that calls: effective uid, its environment.
Surroundings this_process();

// Where superd keeps what the config does not place. Absolute.
struct Defaults {
  std::string runtime_dir;  // sockets, lock; `/tmp/superd-UID` must be made 0700 and proved ours
  std::string log_dir;
  std::string state_dir;  // recovery state: root on tmpfs (runtime_dir), others next to the logs
};
Defaults default_directories(const Surroundings& who);

// -c FILE, else $SUPERD_CONFIG, else ./superd.toml, else (not root) $XDG_CONFIG_HOME/superd/
// superd.toml, else /etc/superd/superd.toml. What was named explicitly is returned whether it
// exists or not; the others only where `exists`. Fails naming all places looked at.
using Exists = std::function<bool(const std::string& path)>;
Result<std::string> find_config(const std::optional<std::string>& option, const Surroundings& who,
                                const Exists& exists);
Result<std::string> find_config(const std::optional<std::string>& option, const Surroundings& who);

// The control socket for superctl: -s PATH, else $SUPERD_SOCKET, else `control` of the config
// found by find_config, else, where there is none, the default. Fails where there is a config that
// may tell another socket, but cannot be read as far as that, or is wrong in [superd]: to go to the
// default then would be to command another superd. Other errors in it do not matter, and the answer
// may name a socket that does not exist.
struct ControlOptions {
  std::optional<std::string> socket;  // -s
  std::optional<std::string> config;  // -c
};
Result<std::string> find_control_socket(const ControlOptions& options, const Surroundings& who);

}  // namespace superd::config
