#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "config/runner_presets.h"

// The Ruby servers. Both take LISTEN_FDS; puma by the address of each socket, which its -b repeats.
namespace superd::config {
namespace {

constexpr core::Duration kPumaWorkerTimeout = std::chrono::seconds(30);
constexpr core::Duration kUnicornTimeout = std::chrono::seconds(60);
constexpr const char* kPumaFile = "config/puma.rb";
constexpr const char* kNeverEnds =
    "without preloading it does not end when the application cannot be loaded: such a start fails "
    "when ready.timeout is over";

// Whether puma has workers of its own, by the first place that says so. A number that is computed
// (`workers ENV.fetch("WEB_CONCURRENCY")`) is meant to be one.
bool is_cluster(const RunnerLine& line, const std::vector<FileSetting>& settings) {
  if (const auto option = line.options.last({"-w", "--workers"})) return option->value != "0";
  if (const FileSetting* setting = find_setting(settings, "workers")) return setting->value != "0";
  const auto variable = line.variable("WEB_CONCURRENCY").value_or("0");
  return !variable.empty() && variable != "0";
}

std::vector<FileSetting> read_config(const RunnerLine& line, const std::optional<GivenOption>& file,
                                     std::string_view otherwise, RunnerChoice& choice) {
  if (!file && otherwise.empty()) return {};
  auto settings = line.file(file ? file->value : std::string(otherwise));
  if (settings) return std::move(*settings);
  if (file) {
    choice.notes.push_back(fmt::format("superd looks for {}'s timeout in {} and cannot: {}",
                                       name(choice.runner), file->value, settings.error().message));
  }
  return {};
}

std::string_view without_scheme(std::string_view url) {
  if (url.starts_with("tcp://")) url.remove_prefix(6);
  return url.substr(0, url.find('?'));
}

// `unix:///run/web.sock` is an address of superd with fewer slashes.
bool is_held_url(const core::GroupSpec& group, std::string_view url) {
  constexpr std::string_view kUnix = "unix://";
  if (url.starts_with(kUnix)) {
    return is_held(group,
                   fmt::format("unix:{}", url.substr(kUnix.size(), url.find('?') - kUnix.size())));
  }
  return is_held(group, without_scheme(url));
}

std::string url_of(const core::ListenSpec& socket) {
  const bool is_unix = socket.family == core::Family::unix_path;
  return is_unix ? "unix://" + socket.path : "tcp://" + socket.address;
}

void check_puma_binds(const RunnerLine& line, RunnerChoice& choice) {
  if (!line.must_inherit() || line.options.flag({"--bind-to-activated-sockets"}) ||
      line.options.last({"--bind-to-activated-sockets"})) {
    return;
  }
  for (const GivenOption& bind : line.options.all({"-b", "--bind"})) {
    if (is_held_url(line.group, bind.value)) continue;
    warn(choice, bind.word,
         fmt::format("puma takes a socket of `listen` only where -b repeats its address, and binds "
                     "{} by itself: write -b {}",
                     bind.value, url_of(line.group.listen.front())));
  }
}

}  // namespace

void preset_puma(const RunnerLine& line, RunnerChoice& choice) {
  const auto settings = read_config(line, line.options.last({"-C", "--config"}), kPumaFile, choice);
  choice.notifies = Notifies::truthfully;
  choice.stop_signal = SIGTERM;
  choice.graceful_signals = {SIGTERM, SIGINT, SIGHUP};
  choice.clean_signals = {SIGTERM};
  // No reload: at USR2 it executes itself anew, without the sockets, and binds its own address.
  choice.socket_env = core::SocketEnv::listen_fds;
  if (is_cluster(line, settings)) {
    choice.form = "cluster";
    set_limit(choice, std::nullopt, find_setting(settings, "worker_shutdown_timeout"),
              kPumaWorkerTimeout, "worker_shutdown_timeout");
    const bool preloads =
        line.options.flag({"--preload"}) || find_setting(settings, "preload_app!") != nullptr;
    if (!preloads) choice.notes.emplace_back(kNeverEnds);
  } else {
    choice.form = "single";
    const FileSetting* force = find_setting(settings, "force_shutdown_after");
    const auto limit = force != nullptr ? parse_seconds(force->value) : std::nullopt;
    if (limit) set_limit(choice, *limit, "force_shutdown_after");
  }
  check_puma_binds(line, choice);
}

void preset_unicorn(const RunnerLine& line, RunnerChoice& choice) {
  const auto settings = read_config(line, line.options.last({"-c", "--config-file"}), "", choice);
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGQUIT;
  choice.graceful_signals = {SIGQUIT};
  // No reload: at HUP it closes every socket that its config does not name.
  choice.socket_env = core::SocketEnv::listen_fds;
  set_limit(choice, std::nullopt, find_setting(settings, "timeout"), kUnicornTimeout, "timeout");
  const FileSetting* preload = find_setting(settings, "preload_app");
  if (preload == nullptr || preload->value != "true") choice.notes.emplace_back(kNeverEnds);
  warn_of_background(choice, line.options.flag({"-D", "--daemonize"}));
  if (find_setting(settings, "pid") != nullptr) {
    warn(
        choice, line.options.last({"-c", "--config-file"})->word,
        "a new unicorn does not start as long as the old one has its pid file, and no restart gets "
        "through: leave `pid` out of the config, superctl pids tells them");
  }
  for (const GivenOption& listen : line.options.all({"-l", "--listen"})) {
    if (!line.must_inherit() || is_held(line.group, listen.value)) continue;
    warn(choice, listen.word,
         fmt::format("unicorn takes the sockets of `listen`, and binds {} beside them by itself: "
                     "leave it out",
                     listen.value));
  }
}

}  // namespace superd::config
