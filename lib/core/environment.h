#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/spec.h"

// The environment of a worker process (SPEC, section 4). Pure.
namespace superd::core {

// The account that a worker runs as, as far as its environment shows it.
struct Account {
  std::string name;
  std::string home;
  std::string shell;
};

struct EnvironmentInput {
  std::vector<EnvEntry> inherited;  // superd's own
  bool clear_env = false;           // PATH, HOME, USER and LANG alone of the inherited ones
  // Given where the group has `user`: HOME, USER, LOGNAME and SHELL follow it (with clear_env HOME
  // and USER alone).
  std::optional<Account> account;
  std::vector<EnvEntry> env_file;  // parsed
  std::vector<EnvEntry> env;       // expanded
  std::string group;
  int worker = 1;
  std::uint64_t generation = 0;
  std::optional<std::string> worker_socket;  // nothing: turned off, no SUPERD_SOCKET
  std::optional<std::string> notify_socket;
  // SUPERD_ERRAND: the mark of a command that runs beside the workers.
  std::optional<std::string> errand;
  // Names of the group's sockets in order of descriptors; empty: no LISTEN_* at all. Pass them only
  // where sets_listen_fds().
  std::vector<std::string> listen_names;
};

// `NAME=VALUE` entries ready for execve, each name once: inherited without superd's own and a
// service manager's variables, then the account, env_file, env, then SUPERD_SOCKET SUPERD_GROUP
// SUPERD_WORKER (`web.1`) SUPERD_GENERATION NOTIFY_SOCKET SUPERD_ERRAND and LISTEN_FDS
// LISTEN_FDNAMES LISTEN_PID; a later one replaces an earlier one. LISTEN_PID is the entry
// `LISTEN_PID=` without a value: the spawner's child puts its pid in. Without an inherited PATH
// there is a default one.
std::vector<std::string> worker_environment(const EnvironmentInput& input);
// The same for a program that superd runs for itself: of its own environment what a service manager
// did not say to superd alone.
std::vector<std::string> helper_environment(const std::vector<EnvEntry>& inherited);

// Whether the command names a descriptor itself (`fd://3`, `--fd 3`, `--fd=3`, `-fd 3`,
// `fd:fileno=3`, `{fd:NAME}`): such runners must not see LISTEN_FDS as well. `command` as written
// in the config; {fd:ready} counts where `ready` is the name of a socket.
enum class ReadyName { socket, readiness };
bool names_descriptor(std::span<const std::string> command, ReadyName ready = ReadyName::socket);
// Whether LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID are set for a group.
bool sets_listen_fds(const GroupSpec& group);

// Whether superd sets this variable for every worker, so that a config must not.
bool is_superd_variable(std::string_view name);
// `[A-Za-z_][A-Za-z0-9_]*`.
bool is_variable_name(std::string_view name);

// The text of an env_file: one `NAME=VALUE` a line; blank lines and lines that begin with `#` are
// skipped, `export ` before the name is allowed, blanks around a value are dropped. A value in
// 'single quotes' is taken as written; in "double quotes" `\n` `\t` `\"` `\\` `\$` are escapes;
// quoted values may span lines. An unquoted value is taken as written up to ` #`. Nothing is
// expanded. CRLF and a byte order mark are fine. Fails with `line 3: …` for the first bad line.
Result<std::vector<EnvEntry>> parse_env_file(std::string_view text);

}  // namespace superd::core
