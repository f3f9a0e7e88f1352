#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/text.h"
#include "config/runner_presets.h"
#include "core/environment.h"

// gunicorn: a master and its workers. It takes LISTEN_FDS, and then its own --bind means nothing;
// or `--bind fd://N`, and then LISTEN_FDS as well is a bad descriptor.
namespace superd::config {
namespace {

using core::SocketEnv;

constexpr core::Duration kGracefulTimeout = std::chrono::seconds(30);
constexpr const char* kDefaultFile = "gunicorn.conf.py";

std::vector<FileSetting> config_file(const RunnerLine& line, const RunnerOptions& options,
                                     RunnerChoice& choice) {
  const auto given = options.last({"-c", "--config"});
  if (given && given->value.starts_with("python:")) return {};
  std::string name = given ? given->value : kDefaultFile;
  if (name.starts_with("file:")) name.erase(0, 5);
  auto settings = line.file(name);
  if (settings) return std::move(*settings);
  if (given) {
    choice.notes.push_back(fmt::format("superd looks for graceful_timeout in {} and cannot: {}",
                                       name, settings.error().message));
  }
  return {};
}

// `bind = "fd://3"` or a list of them on one line.
bool names_descriptor(const FileSetting* bind) {
  return bind != nullptr && bind->value.find("fd://") != std::string::npos;
}

void check_address(const RunnerLine& line, const GivenOption& bind, RunnerChoice& choice) {
  if (line.group.socket_env == SocketEnv::none) {
    return warn(
        choice, bind.word,
        fmt::format("with socket_env = \"none\" gunicorn binds {} by itself, beside superd: "
                    "leave out both, and it takes the sockets of `listen`",
                    bind.value));
  }
  warn(choice, bind.word,
       fmt::format("gunicorn takes the sockets of `listen`, and --bind {} means nothing: leave it "
                   "out",
                   bind.value));
}

void warn_of_removed_path(std::size_t word, RunnerChoice& choice) {
  warn(choice, word,
       "with --bind fd:// gunicorn removes the path of a unix socket when it stops: leave "
       "--bind out, and it takes the sockets of `listen` and lets the path be");
}

// `in_file`: what its config file has for bind, where that counts; nullptr: nothing.
void check_bind(const RunnerLine& line, const RunnerOptions& options, const FileSetting* in_file,
                RunnerChoice& choice) {
  if (!line.must_inherit()) return;
  if (names_descriptor(in_file) && has_unix_socket(line.group)) {
    warn_of_removed_path(line.program.word, choice);
  }
  for (const GivenOption& bind : options.all({"-b", "--bind"})) {
    if (!is_descriptor_address(bind.value)) {
      check_address(line, bind, choice);
    } else if (line.group.socket_env == SocketEnv::listen_fds) {
      warn(choice, bind.word,
           "gunicorn fails with LISTEN_FDS and --bind fd:// at once (bad file descriptor): leave "
           "out socket_env, or --bind");
    } else if (has_unix_socket(line.group)) {
      warn_of_removed_path(bind.word, choice);
    }
  }
}

}  // namespace

void preset_gunicorn(const RunnerLine& line, RunnerChoice& choice) {
  RunnerOptions options = line.options;
  if (const auto more = line.variable("GUNICORN_CMD_ARGS")) {
    if (const auto words = split_words(*more)) options.prepend(*words, line.program.word);
  }
  const auto settings = config_file(line, options, choice);
  choice.stop_signal = SIGTERM;
  choice.graceful_signals = {SIGTERM};
  choice.reload_signal = SIGHUP;
  set_limit(choice, options.last({"--graceful-timeout"}),
            find_setting(settings, "graceful_timeout"), kGracefulTimeout, "graceful-timeout");
  const bool binds = options.last({"-b", "--bind"}).has_value();
  const FileSetting* bind = binds ? nullptr : find_setting(settings, "bind");
  if (names_descriptor(bind)) choice.socket_env = SocketEnv::none;
  const bool preloads = options.flag({"--preload"}) || find_setting(settings, "preload_app");
  if (preloads) choice.form = "preloaded";
  choice.notifies = preloads ? Notifies::truthfully : Notifies::too_early;

  warn_of_background(choice, options.flag({"-D", "--daemon"}));
  warn_of_reloader(choice, options.flag({"--reload"}));
  warn_of_reuse_port(choice, options.flag({"--reuse-port"}));
  warn_if(choice, options.last({"-p", "--pid"}),
          "a new gunicorn does not start as long as the old one has its pid file, and no restart "
          "gets through: leave --pid out, superctl pids tells them");
  check_bind(line, options, bind, choice);
}

}  // namespace superd::config
