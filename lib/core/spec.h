#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/cron.h"
#include "core/hook.h"
#include "core/signal_order.h"

// What the user asked for, as plain values: the config file after parsing and checking, before
// anything of the machine was touched. Texts with placeholders ({worker}, {fd:NAME}, …) are kept as
// written; a recipe (lib/daemon) expands them for one generation and one worker.
namespace superd::core {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

enum class Family { tcp4, tcp6, unix_path };

// Who has a listening socket in common.
enum class Sharing {
  group,  // all workers of the group, over all generations
  spawn,  // private: made for each process start, of the family of the group's first shared socket
};

struct ListenSpec {
  Sharing sharing = Sharing::group;
  // normalised: `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/web.sock`; as host, port and path empty
  // for a private one, whose address differs from spawn to spawn
  std::string address;
  Family family = Family::tcp4;
  std::string host{};  // tcp: the literal address without brackets
  std::uint16_t port = 0;
  std::string path{};  // unix: absolute
  std::string name{};  // LISTEN_FDNAMES and {fd:NAME}; default: `socket`, further ones `socket2` …
  int backlog = 4096;
  std::optional<mode_t> mode{};        // unix only
  std::optional<std::string> owner{};  // unix only: user or `user:group`; default: the group's user

  friend bool operator==(const ListenSpec&, const ListenSpec&) = default;
};

inline bool is_private(const ListenSpec& socket) { return socket.sharing == Sharing::spawn; }
// What {addr:NAME} stands for: `127.0.0.1:8000`, of a unix socket the path; empty for a private
// one.
inline const std::string& address_text(const ListenSpec& socket) {
  return socket.family == Family::unix_path ? socket.path : socket.address;
}

// Whether LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES are set.
enum class SocketEnv { automatic, listen_fds, none };

// What tells that a process serves.
enum class ReadyWhen {
  automatic,  // listening where the group has sockets, else delay
  notify,     // it says READY=1
  listening,  // superd sees it wait on, or hold a connection of, an inherited socket
  delay,      // it is alive so long after its program began
  exec,       // a command exits with 0
  fd,         // it writes a newline to {fd:ready}
  log,        // it writes a line that a pattern is found in
  http,       // it answers superd's request on its private socket
};

struct StatusRange {
  int from = 200;
  int to = 499;

  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

// A GET request to a worker, and which answers count. As it stands: any answer that is no failure
// of the server.
struct HttpSpec {
  std::string path = "/";  // with a query, if there is one
  // One of them. Not {StatusRange{}}: g++ 12 takes the list for uninitialised at -O1.
  std::vector<StatusRange> statuses = std::vector<StatusRange>(1);

  friend bool operator==(const HttpSpec&, const HttpSpec&) = default;
};
bool accepts(const HttpSpec& http, int status);

struct ReadySpec {
  ReadyWhen when = ReadyWhen::automatic;
  Duration timeout = std::chrono::seconds(60);
  // How long it must stay alive after that before it counts; the timeout does not run meanwhile.
  Duration soak{0};
  Duration delay = std::chrono::seconds(1);
  std::vector<std::string> command{};  // exec: words with placeholders, as GroupSpec::command
  std::string match{};                 // log: a Pattern (base/pattern.h)
  HttpSpec http{};

  friend bool operator==(const ReadySpec&, const ReadySpec&) = default;
};

// `automatic` made plain.
ReadyWhen effective(ReadyWhen when, bool has_sockets);

struct StopSpec {
  int signal = 15;
  Duration timeout = std::chrono::seconds(35);

  friend bool operator==(const StopSpec&, const StopSpec&) = default;
};

enum class RollStrategy {
  rolling,     // the new process is ready before the old one is asked to leave
  stop_first,  // the old one leaves, connections wait in the held socket, the new one starts
};
enum class OnFailure {
  rollback,  // replaced workers return to the old recipe
  hold,      // the roll stops where it is
};

// How many workers are replaced at a time: a number, or a share of the group's workers.
struct BatchSpec {
  int workers = 1;
  int percent = 0;  // > 0: instead of `workers`

  friend bool operator==(const BatchSpec&, const BatchSpec&) = default;
};
// At least 1, at most all.
int batch_size(const BatchSpec& batch, int workers);

struct RollSpec {
  RollStrategy strategy = RollStrategy::rolling;
  BatchSpec batch;
  std::vector<std::string> before;  // words with placeholders; empty: nothing runs before a roll
  Duration before_timeout = std::chrono::minutes(5);
  // With `rolling`, where something serves: a process of the new recipe is asked first, on sockets
  // that no client knows.
  bool rehearse = false;
  std::optional<HttpSpec> rehearse_http{};  // nothing: by ReadySpec::http
  OnFailure on_failure = OnFailure::rollback;

  friend bool operator==(const RollSpec&, const RollSpec&) = default;
};

enum class RespawnPolicy { always, on_failure, never };

struct BackoffSpec {
  Duration min = std::chrono::milliseconds(100);
  Duration max = std::chrono::seconds(30);
  double factor = 2.0;
  double jitter = 0.1;

  friend bool operator==(const BackoffSpec&, const BackoffSpec&) = default;
};

struct GiveUpSpec {
  int failures = 0;  // 0: never
  Duration within = std::chrono::seconds(60);

  friend bool operator==(const GiveUpSpec&, const GiveUpSpec&) = default;
};

struct RespawnSpec {
  RespawnPolicy policy = RespawnPolicy::always;
  BackoffSpec backoff;
  Duration reset_after = std::chrono::seconds(10);
  GiveUpSpec give_up;
  std::vector<int> clean_statuses = {0};
  std::vector<int> clean_signals;

  friend bool operator==(const RespawnSpec&, const RespawnSpec&) = default;
};

struct RlimitSpec {
  std::uint64_t soft = 0;  // RLIM_INFINITY: unlimited
  std::uint64_t hard = 0;

  friend bool operator==(const RlimitSpec&, const RlimitSpec&) = default;
};

struct LimitsSpec {
  std::optional<RlimitSpec> nofile;
  std::optional<RlimitSpec> core;
  std::optional<RlimitSpec> address_space;  // key `as`
  std::optional<RlimitSpec> nproc;
  std::optional<int> nice;
  std::optional<int> oom_score_adj;
  std::vector<int> cpus;                  // empty: all
  std::optional<bool> no_new_privileges;  // default: true where user is not root

  friend bool operator==(const LimitsSpec&, const LimitsSpec&) = default;
};

struct RecycleSpec {
  std::optional<Cron> schedule;  // when the group is rolled

  friend bool operator==(const RecycleSpec&, const RecycleSpec&) = default;
};

enum class LogOutput { file, inherit, discard };
enum class LogFormat { cri, raw, json };
// What becomes of output that cannot be written.
enum class LogOverflow { drop, block };

struct LogSpec {
  LogOutput output = LogOutput::file;
  LogFormat format = LogFormat::cri;
  std::uint64_t max_size = 50ULL << 20;  // bytes
  int keep = 10;                         // rotated files besides the live one
  bool compress = false;                 // the rotated ones
  LogOverflow overflow = LogOverflow::drop;

  friend bool operator==(const LogSpec&, const LogSpec&) = default;
};

// What a trigger does to its group.
struct TriggerAction {
  enum class Kind {
    restart,
    restart_at_request,  // all leave now, and the next connection starts new ones
    reload,
    stop,
    start,
    signal,
  };
  Kind kind = Kind::restart;
  int signal = 0;  // of Kind::signal: to the main processes

  friend auto operator<=>(const TriggerAction&, const TriggerAction&) = default;
};

// [[group.NAME.trigger]]: something about paths that makes superd act on the group.
struct TriggerSpec {
  // Files, globs, directories, as written, with the placeholders {group} and {worker}; relative
  // ones to GroupSpec::directory.
  std::vector<std::string> paths;
  std::vector<std::string> ignore;  // besides kAlwaysIgnored (core/ignore.h)
  TriggerAction action;
  Duration settle = std::chrono::milliseconds(100);
  bool content = false;  // only if the bytes changed
  Duration poll{0};      // > 0: look at this interval as well

  friend bool operator==(const TriggerSpec&, const TriggerSpec&) = default;
};

struct EnvEntry {
  std::string name;
  std::string value;

  friend bool operator==(const EnvEntry&, const EnvEntry&) = default;
};

// A place in a config file, for messages about what was found wrong later.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct GroupSpec {
  std::string name;
  Place place;
  std::vector<std::string> command;
  int workers = 1;
  std::vector<ListenSpec> listen;
  SocketEnv socket_env = SocketEnv::automatic;
  bool socket_shim = false;      // a preloaded library hands over the sockets at bind()
  std::optional<int> port_base;  // {port} = port_base + worker - 1
  std::string directory;         // absolute, symlinks not resolved
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::vector<std::string> extra_groups;
  std::optional<mode_t> umask;
  std::vector<EnvEntry> env;
  std::optional<std::string> env_file;  // absolute
  bool clear_env = false;
  bool autostart = true;
  bool on_demand = false;                // its first connection starts it
  std::optional<Duration> idle_timeout;  // so long without a connection: it waits for one again
  std::vector<std::string> depends_on;   // groups: all exist, and no circle
  std::optional<int> reload_signal;      // to main processes; nothing: it cannot be reloaded
  ReadySpec ready;
  StopSpec stop;
  RollSpec roll;
  RespawnSpec respawn;
  RecycleSpec recycle;
  LimitsSpec limits;
  LogSpec log;
  std::vector<TriggerSpec> triggers;
  // As a trigger's path; while it exists nothing automatic acts on the group.
  std::optional<std::string> hold_file;
};

// What a rehearsal asks.
const HttpSpec& rehearsal_http(const GroupSpec& group);

// Whether a socket of the group is shared by its workers, so that any connection may come.
bool has_shared_socket(const GroupSpec& group);

// Shared by all that began while it was in force; never null where nothing else is said.
using SpecPtr = std::shared_ptr<const GroupSpec>;

enum class LogLevel { error, warn, info, debug };
enum class DaemonLogFormat { text, json };

struct DaemonSpec {
  std::string runtime_dir;
  std::string control;
  mode_t control_mode = 0600;
  std::optional<std::string> control_owner;  // user or `user:group`
  std::optional<std::string> worker_socket;  // nothing: turned off
  int max_starting = 0;                      // 0: twice the cores
  std::string log_dir;
  std::vector<SignalOrder> signals;  // what signals to superd itself stand for
  LogLevel log_level = LogLevel::info;
  DaemonLogFormat log_format = DaemonLogFormat::text;
};

struct Spec {
  DaemonSpec daemon;
  std::vector<GroupSpec> groups;  // in the order of the files
  std::vector<HookSpec> hooks;    // the same
};

}  // namespace superd::core
