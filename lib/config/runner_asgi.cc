#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "config/runner_presets.h"

// The ASGI servers, and Twisted, which daphne is made of. None of them knows LISTEN_FDS: each has
// its own way to name an inherited descriptor, and without it binds its own address.
namespace superd::config {
namespace {

using core::SocketEnv;

constexpr core::Duration kHypercornTimeout = std::chrono::seconds(3);
constexpr core::Duration kDaphneTimeout = std::chrono::seconds(10);
// It drops its requests at once and may never end.
constexpr core::Duration kTwistTimeout = std::chrono::seconds(5);

int number_of(const std::optional<GivenOption>& option, const FileSetting* setting) {
  const std::string text = option ? option->value : setting != nullptr ? setting->value : "";
  const bool is_number =
      !text.empty() && text.size() < 6 && text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::stoi(text) : 1;
}

// `remedy` is what to write instead.
void warn_of_own_socket(const RunnerLine& line, RunnerChoice& choice, std::string_view remedy) {
  warn(choice, line.program.word,
       fmt::format("{} does not take the sockets of `listen` by itself and would bind one of its "
                   "own: {}",
                   name(choice.runner), remedy));
}

std::string first_socket(const core::GroupSpec& group) {
  return group.listen.empty() ? "socket" : group.listen.front().name;
}

bool is_systemd_endpoint(const GivenOption& endpoint) {
  return endpoint.value.starts_with("systemd:");
}

}  // namespace

void preset_uvicorn(const RunnerLine& line, RunnerChoice& choice) {
  if (line.program.is_launcher) return set_launcher(line, choice);
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGTERM;
  choice.graceful_signals = {SIGTERM, SIGINT};
  choice.socket_env = SocketEnv::none;
  const auto limit = line.options.last({"--timeout-graceful-shutdown"});
  const auto seconds = limit ? parse_seconds(limit->value) : std::nullopt;
  if (seconds) set_limit(choice, *seconds, "timeout-graceful-shutdown");
  choice.no_private =
      "uvicorn's command takes one --fd alone: run superd-uvicorn instead, see superd-runners(7), "
      "or leave the private socket out";

  const auto web_concurrency = line.variable("WEB_CONCURRENCY");
  const FileSetting from_env{.key = {}, .value = web_concurrency.value_or(""), .section = {}};
  if (number_of(line.options.last({"--workers"}), &from_env) > 1) {
    choice.form = "several processes";
    choice.notes.emplace_back(
        "with --workers uvicorn does not end when the application cannot be loaded: such a start "
        "fails when ready.timeout is over");
  }
  warn_of_reloader(choice, line.options.flag({"--reload"}));
  if (line.must_inherit() && !line.options.last({"--fd"})) {
    warn_of_own_socket(line, choice,
                       fmt::format("add \"--fd\", \"{{fd:{}}}\"", first_socket(line.group)));
  }
}

void preset_hypercorn(const RunnerLine& line, RunnerChoice& choice) {
  if (line.program.is_launcher) return set_launcher(line, choice);
  std::vector<FileSetting> settings;
  const auto file = line.options.last({"-c", "--config"});
  if (file && file->value.find(':') == std::string::npos) {
    auto read = line.file(file->value);
    if (read) {
      settings = std::move(*read);
    } else {
      choice.notes.push_back(fmt::format("superd looks for graceful_timeout in {} and cannot: {}",
                                         file->value, read.error().message));
    }
  }
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGTERM;
  choice.graceful_signals = {SIGTERM, SIGINT};
  choice.socket_env = SocketEnv::none;
  set_limit(choice, line.options.last({"--graceful-timeout"}),
            find_setting(settings, "graceful_timeout"), kHypercornTimeout, "graceful-timeout");
  if (number_of(line.options.last({"-w", "--workers"}), find_setting(settings, "workers")) > 1) {
    choice.form = "several processes";
    choice.notes.emplace_back(
        "with several workers hypercorn exits with 0 when the application cannot be loaded; "
        "superd counts that as a failed start all the same");
  }
  warn_of_reloader(choice, line.options.flag({"--reload"}));
  if (!line.must_inherit()) return;
  const auto binds = line.options.all({"-b", "--bind", "--insecure-bind"});
  const auto inherits = [](const GivenOption& bind) { return is_descriptor_address(bind.value); };
  const FileSetting* in_file = find_setting(settings, "bind");
  const bool file_inherits =
      in_file != nullptr && in_file->value.find("fd://") != std::string::npos;
  if (!file_inherits && std::none_of(binds.begin(), binds.end(), inherits)) {
    warn_of_own_socket(
        line, choice,
        fmt::format("write \"--bind\", \"fd://{{fd:{}}}\"", first_socket(line.group)));
  }
}

void preset_daphne(const RunnerLine& line, RunnerChoice& choice) {
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGTERM;
  set_limit(choice, line.options.last({"--application-close-timeout"}), nullptr, kDaphneTimeout,
            "application-close-timeout");
  warn(choice, line.program.word,
       "daphne has no graceful stop: a restart drops the requests in hand; uvicorn and hypercorn "
       "finish them");
  const auto fd = line.options.last({"--fd"});
  const auto endpoints = line.options.all({"-e", "--endpoint"});
  const bool by_endpoint = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& given) {
    return is_systemd_endpoint(given) || given.value.starts_with("fd:");
  });
  choice.socket_env = std::any_of(endpoints.begin(), endpoints.end(), is_systemd_endpoint)
                          ? SocketEnv::listen_fds
                          : SocketEnv::none;
  if (!by_endpoint) {
    choice.no_private =
        "daphne serves one --fd alone: name every socket by -e systemd:domain=INET:index=0, -e "
        "systemd:domain=INET:index=1 instead, or leave the private socket out";
  }
  if (!line.must_inherit()) return;
  if (fd && has_unix_socket(line.group)) {
    warn(choice, fd->word,
         "daphne answers nothing on a unix socket given by --fd: write -e "
         "systemd:domain=UNIX:index=0");
  } else if (!fd && !by_endpoint) {
    warn_of_own_socket(line, choice,
                       fmt::format("add \"--fd\", \"{{fd:{}}}\"", first_socket(line.group)));
  }
}

void preset_twist(const RunnerLine& line, RunnerChoice& choice) {
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGTERM;
  choice.stop_timeout = kTwistTimeout;
  choice.stop_timeout_why = "it drops its requests at once and may hang after that";
  choice.socket_env = SocketEnv::listen_fds;
  warn(choice, line.program.word,
       "twist has no graceful stop: a restart drops the requests in hand, and it may have to be "
       "killed; use a WSGI server that drains, such as gunicorn or superd-waitress");
  if (has_unix_socket(line.group)) {
    warn(choice, line.program.word,
         "twist answers WSGI requests on a unix socket with 500: use a TCP address");
    choice.no_private = "twist answers WSGI requests on a unix socket with 500: use a TCP address";
  }
  const auto daemonizes =
      line.program.name == "twistd" && !line.options.flag({"-n", "--nodaemon", "-ny", "-noy"});
  if (daemonizes) {
    warn(choice, line.program.word,
         "twistd goes into the background, where superd takes it for dead: add -n");
  }
  const auto ports = line.options.all({"--listen", "--port", "-p"});
  if (line.must_inherit() && std::none_of(ports.begin(), ports.end(), is_systemd_endpoint)) {
    warn_of_own_socket(line, choice, "write \"--listen\", \"systemd:domain=INET:index=0\"");
  }
}

}  // namespace superd::config
