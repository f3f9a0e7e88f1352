#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "config/address.h"
#include "config/runner_presets.h"

namespace superd::config {
namespace {

constexpr core::Duration kMargin = std::chrono::seconds(5);
constexpr core::Duration kLauncherLimit = std::chrono::seconds(30);

}  // namespace

void set_limit(RunnerChoice& choice, core::Duration limit, std::string_view name) {
  choice.own_limit = limit;
  choice.stop_timeout = limit + kMargin;
  choice.stop_timeout_why =
      fmt::format("{} {} and {}", name, print_duration(limit), print_duration(kMargin));
}

void set_limit(RunnerChoice& choice, const std::optional<GivenOption>& option,
               const FileSetting* setting, core::Duration otherwise, std::string_view name) {
  std::optional<core::Duration> limit;
  if (option) limit = parse_seconds(option->value);
  if (!limit && setting != nullptr) limit = parse_seconds(setting->value);
  set_limit(choice, limit.value_or(otherwise), name);
}

void set_launcher(const RunnerLine& line, RunnerChoice& choice) {
  choice.form = "launcher";
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGTERM;
  choice.graceful_signals = {SIGTERM, SIGINT};
  choice.socket_env = core::SocketEnv::listen_fds;
  set_limit(choice, line.options.last({"--graceful-timeout"}), nullptr, kLauncherLimit,
            "graceful-timeout");
}

void warn(RunnerChoice& choice, std::size_t word, std::string message) {
  choice.warnings.push_back({.key = "command", .word = word, .message = std::move(message)});
}

void warn_if(RunnerChoice& choice, const std::optional<GivenOption>& flag,
             std::string_view message) {
  if (flag) warn(choice, flag->word, std::string(message));
}

void warn_of_background(RunnerChoice& choice, const std::optional<GivenOption>& flag) {
  warn_if(
      choice, flag,
      "this sends the runner into the background, where superd takes it for dead: leave it out");
}

void warn_of_reloader(RunnerChoice& choice, const std::optional<GivenOption>& flag) {
  warn_if(choice, flag,
          "this restarts the application behind superd's back, and drops its requests: leave it "
          "out, and restart by superctl");
}

void warn_of_reuse_port(RunnerChoice& choice, const std::optional<GivenOption>& flag) {
  warn_if(choice, flag,
          "with a socket of its own by SO_REUSEPORT requests are lost at every restart: leave it "
          "out, and let the runner take the socket of `listen`");
}

bool has_unix_socket(const core::GroupSpec& group) {
  return std::any_of(group.listen.begin(), group.listen.end(), [](const core::ListenSpec& socket) {
    return socket.family == core::Family::unix_path;
  });
}

bool is_held(const core::GroupSpec& group, std::string_view address) {
  if (address.find('{') != std::string_view::npos) return true;
  const auto wanted = parse_address(address);
  return wanted &&
         std::any_of(group.listen.begin(), group.listen.end(), [&](const core::ListenSpec& socket) {
           return !core::is_private(socket) && collide(*wanted, socket);
         });
}

}  // namespace superd::config
