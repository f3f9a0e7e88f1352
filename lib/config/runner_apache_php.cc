#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/units.h"
#include "config/runner_presets.h"

// Apache with mod_wsgi, and php-fpm.
namespace superd::config {
namespace {

std::string shown(const core::GroupSpec& group) {
  if (group.listen.empty()) return "127.0.0.1:9000={fd:socket}";
  const core::ListenSpec& socket = group.listen.front();
  const bool is_unix = socket.family == core::Family::unix_path;
  return fmt::format("{}={{fd:{}}}", is_unix ? socket.path : socket.address, socket.name);
}

}  // namespace

void preset_mod_wsgi(const RunnerLine& line, RunnerChoice& choice) {
  choice.stop_signal = SIGWINCH;
  choice.graceful_signals = {SIGWINCH};
  choice.reload_signal = SIGUSR1;
  choice.front = FrontProcess::accepts_before_loaded;
  if (const auto file = line.options.last({"-f"})) {
    const auto settings = line.file(file->value);
    const FileSetting* limit =
        settings ? find_setting(*settings, "GracefulShutdownTimeout") : nullptr;
    const auto seconds = limit != nullptr ? parse_seconds(limit->value) : std::nullopt;
    if (seconds && *seconds > core::Duration(0)) {
      set_limit(choice, *seconds, "GracefulShutdownTimeout");
    }
  }
  const bool is_script = line.program.name == "apachectl" || line.program.name == "apache2ctl";
  if (is_script) {
    warn(
        choice, line.program.word,
        fmt::format("{} stays in front of Apache, and the signal that stops it gracefully does not "
                    "get through: name apache2 or httpd itself",
                    line.program.shown));
  }
  const auto defines = line.options.all({"-D"});
  const bool in_front = line.options.flag({"-X"}).has_value() ||
                        std::any_of(defines.begin(), defines.end(), [](const GivenOption& given) {
                          return given.value == "FOREGROUND" || given.value == "NO_DETACH";
                        });
  if (!in_front && line.program.name != "mod_wsgi-express") {
    warn(choice, line.program.word,
         "Apache goes into the background, where superd takes it for dead: add -DFOREGROUND");
  }
  choice.rehearsable = !line.must_inherit();
  if (choice.rehearsable) return;
  choice.front_remedy =
      "write socket_shim = true, and add { name = \"probe\", private = true } to `listen` for it "
      "to "
      "serve; superd then asks there by HTTP";
  warn(choice, line.program.word,
       "Apache cannot take the sockets of `listen` and would bind its own: write socket_shim = "
       "true");
  choice.no_private =
      "Apache takes a socket of superd only with socket_shim = true: write that, or leave the "
      "private socket out";
}

void preset_php_fpm(const RunnerLine& line, RunnerChoice& choice) {
  choice.stop_signal = SIGQUIT;
  choice.graceful_signals = {SIGQUIT};
  choice.socket_env = core::SocketEnv::none;
  choice.no_private =
      "php-fpm speaks FastCGI and takes one socket for each pool: leave the private socket out; "
      "that it listens is enough to know, it has no application to load";
  const auto file = line.options.last({"-y", "--fpm-config"});
  const auto settings = line.file(file ? file->value : "/etc/php-fpm.conf");
  const FileSetting* control =
      settings ? find_setting(*settings, "process_control_timeout") : nullptr;
  const auto limit = control != nullptr ? parse_seconds(control->value) : std::nullopt;
  const bool waits = limit && *limit > core::Duration(0);
  if (waits) {
    set_limit(choice, *limit, "process_control_timeout");
    choice.reload_signal = SIGUSR2;
  } else {
    warn(choice, file ? file->word : line.program.word,
         settings ? "php-fpm drops its requests as it stops unless its config says how long they "
                    "may take: add process_control_timeout = 30s to its [global]"
                  : fmt::format("superd cannot see whether php-fpm finishes its requests as it "
                                "stops ({}): its config needs process_control_timeout = 30s in "
                                "[global], and then write reload_signal = \"USR2\"",
                                settings.error().message));
  }
  const FileSetting* daemonize = settings ? find_setting(*settings, "daemonize") : nullptr;
  const bool in_front = line.options.flag({"-F", "--nodaemonize"}).has_value() ||
                        (daemonize != nullptr && daemonize->value == "no");
  if (!in_front) {
    warn(choice, line.program.word,
         "php-fpm goes into the background, where superd takes it for dead: add -F");
  }
  if (line.must_inherit() && !line.variable("FPM_SOCKETS")) {
    warn(
        choice, line.program.word,
        fmt::format("php-fpm takes a socket of `listen` only where it is told so, and binds one of "
                    "its own: write env.FPM_SOCKETS = \"{}\", the address as `listen` in its pool",
                    shown(line.group)));
  }
}

}  // namespace superd::config
