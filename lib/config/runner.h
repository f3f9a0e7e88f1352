#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/spec.h"

// Which program runs a group's application, and what superd knows of it. A preset supplies defaults
// for what the user did not write, and nothing else: every one of them can be written.
namespace superd::config {

enum class Runner {
  none,  // a program that superd knows nothing of: superd's own defaults
  gunicorn,
  uwsgi,
  waitress,
  uvicorn,
  hypercorn,
  cheroot,
  mod_wsgi,  // Apache
  daphne,
  twist,
  puma,
  unicorn,
  php_fpm,
  node,
  gevent,
  wsgiref,
};
// As `runner` names it: `gunicorn`, `php-fpm`.
std::string_view name(Runner runner);

// What only an HTTP answer of the worker itself proves, for ready.when = "auto".
enum class FrontProcess {
  none,                         // whoever accepts has loaded the application
  accepts_before_loaded,        // to be seen waiting on the socket proves nothing
  answers_without_application,  // it has loaded, or it never will and answers errors
};

// What its READY=1 is worth, for ready.when = "notify".
enum class Notifies {
  unknown,
  truthfully,
  too_early,  // before the application is loaded, and also when it cannot be
  never,
};

// Something that the user should know, and what to do about it; never an error.
struct RunnerWarning {
  std::string key = "command";  // of the group: `stop.timeout`
  std::size_t word = 0;         // of the command
  std::string message{};
};

// What a group's runner is and what follows from it.
struct RunnerChoice {
  Runner runner = Runner::none;
  std::string form;  // `master with the hook`; empty: there is one only
  std::string why;   // `the command runs "gunicorn"`

  // The preset's values; nothing: superd's own default.
  std::optional<int> stop_signal;
  std::optional<core::Duration> stop_timeout;
  std::string stop_timeout_why;  // `graceful-timeout 30s and 5s`
  std::vector<int> clean_statuses = {0};
  std::vector<int> clean_signals;
  std::optional<int> reload_signal;
  std::optional<core::SocketEnv> socket_env;
  FrontProcess front = FrontProcess::none;
  // What lets superd see that it is ready; empty: a private socket.
  std::string front_remedy;
  // For roll.rehearse: this front can be asked by HTTP on other sockets than the group's.
  bool rehearsable = false;
  Notifies notifies = Notifies::unknown;

  // How long the runner itself lets requests finish; a shorter stop.timeout cuts that.
  std::optional<core::Duration> own_limit;
  // The signals on which requests are finished; empty: none, or superd does not know.
  std::vector<int> graceful_signals;
  // Ask cannot_serve_private().
  std::string no_private;

  std::vector<RunnerWarning> warnings;
  std::vector<std::string> notes;  // worth knowing; nothing has to be done
};

// Reads a file as text; fails where it cannot be read.
using ReadText = std::function<Result<std::string>(const std::string& path)>;

// Recognises the runner of a group whose command, sockets and environment were read. `wanted`:
// nothing is `auto`. Of files only those are read that configure the runner (an ini file, a
// gunicorn.conf.py), as plain lines.
RunnerChoice choose_runner(std::optional<Runner> wanted, const core::GroupSpec& group,
                           const ReadText& read);

// For the error where `listen` has a private socket: why this runner cannot serve one beside the
// group's own, with the remedy. Empty: it can, or nothing is known against it.
std::string cannot_serve_private(const RunnerChoice& choice, const core::GroupSpec& group);

// Puts the preset's values into a group of which socket_env, reload_signal, [stop], [roll] and
// [respawn] were not read yet: what the user writes there replaces them.
void apply_preset(const RunnerChoice& choice, core::GroupSpec& group);

// For the end, when the whole group was read: where ready.when is "auto" and only an HTTP answer
// proves anything, that is asked for, or warned of; and what the user wrote that cuts or loses
// requests with this runner.
void finish_preset(RunnerChoice& choice, core::GroupSpec& group);

// How a new process is known to be ready: `listening`, `delay 1s`, `http /`.
std::string ready_way(const core::GroupSpec& group);
// How it gets the group's sockets: `LISTEN_FDS`, `descriptor`, `socket_shim`.
std::string sockets_way(const core::GroupSpec& group);

// `runner gunicorn (the command runs "gunicorn"): stop TERM, timeout 35s (graceful-timeout 30s and
// 5s), ready listening, clean exits 0, reload HUP, sockets by LISTEN_FDS`, and `rolls rehearsed by
// GET /` where they are; of a group that was read to its end.
std::string to_string(const RunnerChoice& choice, const core::GroupSpec& group);

}  // namespace superd::config
