#pragma once

#include <string>
#include <string_view>

#include "config/runner.h"
#include "config/runner_line.h"

// What superd knows of each runner (measured: superd-runners(7)). One function a runner: fills in
// the preset for this command line, and warns of what is harmful in it.
namespace superd::config {

void preset_gunicorn(const RunnerLine& line, RunnerChoice& choice);
void preset_uwsgi(const RunnerLine& line, RunnerChoice& choice);
void preset_waitress(const RunnerLine& line, RunnerChoice& choice);
void preset_uvicorn(const RunnerLine& line, RunnerChoice& choice);
void preset_hypercorn(const RunnerLine& line, RunnerChoice& choice);
void preset_cheroot(const RunnerLine& line, RunnerChoice& choice);
void preset_mod_wsgi(const RunnerLine& line, RunnerChoice& choice);
void preset_daphne(const RunnerLine& line, RunnerChoice& choice);
void preset_twist(const RunnerLine& line, RunnerChoice& choice);
void preset_puma(const RunnerLine& line, RunnerChoice& choice);
void preset_unicorn(const RunnerLine& line, RunnerChoice& choice);
void preset_php_fpm(const RunnerLine& line, RunnerChoice& choice);
// node, gevent and wsgiref: programs of the user's own, or superd's launchers for them.
void preset_own_program(const RunnerLine& line, RunnerChoice& choice);

// What the presets have in common.

// The runner's own limit to a stop, and 5 s; `what` is its name with its value:
// `graceful-timeout 30s`.
void set_limit(RunnerChoice& choice, core::Duration limit, std::string_view name);
// The same from an option or a file where one of them says it. `option` as typed, `setting` as in
// the file.
void set_limit(RunnerChoice& choice, const std::optional<GivenOption>& option,
               const FileSetting* setting, core::Duration otherwise, std::string_view name);
// A launcher of superd's own: drains at TERM and INT, and serves whatever socket it is given.
void set_launcher(const RunnerLine& line, RunnerChoice& choice);

void warn(RunnerChoice& choice, std::size_t word, std::string message);
// Where `flag` is given: `message`.
void warn_if(RunnerChoice& choice, const std::optional<GivenOption>& flag,
             std::string_view message);
// The runner leaves for the background: `flag` is what to leave out.
void warn_of_background(RunnerChoice& choice, const std::optional<GivenOption>& flag);
// The runner restarts its workers by itself whenever a file changes.
void warn_of_reloader(RunnerChoice& choice, const std::optional<GivenOption>& flag);
// It binds a socket of its own with SO_REUSEPORT.
void warn_of_reuse_port(RunnerChoice& choice, const std::optional<GivenOption>& flag);

bool has_unix_socket(const core::GroupSpec& group);
// Whether it is the address of one of the group's sockets; one with a placeholder is meant to be.
bool is_held(const core::GroupSpec& group, std::string_view address);

}  // namespace superd::config
