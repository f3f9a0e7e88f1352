#include "config/runner_uwsgi.h"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "config/runner_presets.h"

// uWSGI has four ways to stop: with a master and the hook it drains, with a master alone it cannot,
// without a master HUP drains, and its http router drops whatever it carries.
namespace superd::config {
namespace {

using core::SocketEnv;
using Given = UwsgiOptions::Given;

constexpr core::Duration kMercy = std::chrono::seconds(60);
constexpr const char* kHook = R"("--hook-master-start", "unix_signal:15 gracefully_kill_them_all")";
// Without a master; which of them is left to chance.
constexpr int kSingleStatuses[] = {0, 17, 30};

std::string first_descriptor(const core::GroupSpec& group) {
  return fmt::format("fd://{{fd:{}}}", group.listen.empty() ? "socket" : group.listen.front().name);
}

void set_mercy(const UwsgiOptions& options, RunnerChoice& choice) {
  core::Duration mercy = kMercy;
  for (const char* name : {"worker-reload-mercy", "reload-mercy"}) {
    const Given* given = options.on(name);
    const auto value = given != nullptr ? parse_seconds(given->value) : std::nullopt;
    if (value) mercy = *value;
    if (value) break;
  }
  set_limit(choice, mercy, "worker-reload-mercy");
}

void stop_of_single(const RunnerLine& line, const UwsgiOptions& options, RunnerChoice& choice) {
  choice.form = "without a master";
  choice.stop_signal = SIGHUP;
  choice.graceful_signals = {SIGHUP};
  choice.clean_statuses.assign(std::begin(kSingleStatuses), std::end(kSingleStatuses));
  if (const Given* processes = options.on_any({"processes", "workers"})) {
    if (processes->value == "1") return;
    warn(choice, line.program.word,
         fmt::format("uWSGI with several processes needs a master to stop them: add \"--master\", "
                     "{}",
                     kHook));
  }
}

void stop_of_master(const RunnerLine& line, const UwsgiOptions& options, RunnerChoice& choice) {
  set_mercy(options, choice);
  if (const auto signal = options.hooked_signal()) {
    choice.form = "master with the hook";
    choice.stop_signal = *signal;
    choice.graceful_signals = {*signal};
  } else if (!options.unread().empty()) {
    choice.form = "options that superd cannot read";
    choice.stop_signal = SIGTERM;
    warn(choice, line.program.word,
         fmt::format("superd cannot see how this uWSGI stops ({}), and takes TERM for it: without "
                     "the hook {} in its options that drops requests; otherwise write stop.signal",
                     options.unread(),
                     "hook-master-start = unix_signal:15 gracefully_kill_them_all"));
  } else {
    choice.form = "master without the hook";
    choice.stop_signal = SIGINT;
    warn(choice, line.program.word,
         fmt::format("a uWSGI master drops its requests at every signal that ends it: add {}, and "
                     "it finishes them at TERM",
                     kHook));
  }
  if (const Given* die = options.on("die-on-term")) {
    warn(choice, die->word,
         "die-on-term makes a uWSGI master drop its requests at TERM: leave it out");
  }
}

void check_sockets(const RunnerLine& line, const UwsgiOptions& options, RunnerChoice& choice) {
  if (!line.must_inherit()) return;
  for (const Given* socket : options.sockets()) {
    if (is_descriptor_address(socket->value)) continue;
    warn(choice, socket->word,
         fmt::format("uWSGI binds {} {} by itself, beside the sockets of `listen`: write --{} {}",
                     socket->name, socket->value, socket->name, first_descriptor(line.group)));
  }
}

void check_router(const UwsgiOptions& options, RunnerChoice& choice, const RunnerLine& line) {
  const Given* router = options.on_any({"http", "https", "http-to"});
  if (router == nullptr) return;
  choice.form += choice.form.empty() ? "http router" : ", http router";
  choice.graceful_signals.clear();
  choice.reload_signal.reset();
  choice.front_remedy = "write --http-socket instead of --http";
  choice.no_private =
      "uWSGI's http router and a second socket answer nobody: " + choice.front_remedy;
  warn(
      choice, router->word,
      fmt::format("uWSGI's http router drops what it carries when it stops: write --http-socket {} "
                  "instead",
                  first_descriptor(line.group)));
}

bool takes_descriptor(const UwsgiOptions& options) {
  const auto sockets = options.sockets();
  const Given* router = options.on_any({"http", "https"});
  return std::any_of(sockets.begin(), sockets.end(),
                     [](const Given* given) { return is_descriptor_address(given->value); }) ||
         (router != nullptr && is_descriptor_address(router->value));
}

// Whether what it serves on is superd's, by descriptor or LISTEN_FDS, and HTTP is spoken where a
// rehearsal asks: on a private socket, else on the first one.
bool can_be_asked(const RunnerLine& line, const UwsgiOptions& options, bool by_descriptor,
                  bool speaks_http) {
  const auto sockets = options.sockets();
  const bool all_held = std::all_of(sockets.begin(), sockets.end(), [](const Given* given) {
    return is_descriptor_address(given->value);
  });
  if (!all_held || !options.unread().empty() || options.on("https") != nullptr) return false;
  const auto& listen = line.group.listen;
  if (std::any_of(listen.begin(), listen.end(), core::is_private) || speaks_http) return true;
  return by_descriptor && (sockets.empty() || sockets.front()->name.starts_with("http"));
}

void check_rest(const RunnerLine& line, const UwsgiOptions& options, RunnerChoice& choice) {
  if (options.on("need-app") == nullptr && options.unread().empty()) {
    warn(choice, line.program.word,
         "when the application cannot be loaded this uWSGI starts all the same and answers 500: "
         "add \"--need-app\"");
  }
  for (const Given* background : {options.on("daemonize"), options.on("daemonize2")}) {
    if (background != nullptr) {
      warn_of_background(choice, GivenOption{.value = {}, .word = background->word});
    }
  }
  if (const Given* reuse = options.on("reuse-port")) {
    warn_of_reuse_port(choice, GivenOption{.value = {}, .word = reuse->word});
  }
  if (const Given* reload = options.on_any({"py-autoreload", "py-auto-reload"})) {
    warn_of_reloader(choice, GivenOption{.value = {}, .word = reload->word});
  }
}

}  // namespace

void preset_uwsgi(const RunnerLine& line, RunnerChoice& choice) {
  const UwsgiOptions options(line);
  const bool by_descriptor = takes_descriptor(options);
  if (options.has_master() || !options.unread().empty()) {
    stop_of_master(line, options, choice);
    // It executes itself again, and does not find LISTEN_FDS then.
    if (by_descriptor) choice.reload_signal = SIGHUP;
  } else {
    stop_of_single(line, options, choice);
  }
  if (by_descriptor) choice.socket_env = SocketEnv::none;
  const Given* protocol = options.on_any({"protocol", "socket-protocol"});
  const bool is_http = protocol != nullptr && protocol->value == "http";
  if (!by_descriptor && !is_http && options.unread().empty()) {
    choice.no_private =
        "uWSGI speaks its own protocol on the sockets of LISTEN_FDS: add \"--protocol\", \"http\", "
        "or name each socket by its descriptor";
  }
  const bool lazy = options.on_any({"lazy-apps", "lazy"}) != nullptr;
  const bool fronted = options.on_any({"http", "https", "cheap"}) != nullptr;
  if (lazy) choice.form += ", lazy";
  if (options.unread().empty()) {
    choice.notifies = lazy ? Notifies::too_early : Notifies::truthfully;
  }
  if (lazy && fronted) {
    choice.front = FrontProcess::accepts_before_loaded;
  } else if (options.on("need-app") == nullptr && options.unread().empty()) {
    choice.front = FrontProcess::answers_without_application;
  }
  choice.rehearsable =
      choice.front != FrontProcess::none && can_be_asked(line, options, by_descriptor, is_http);
  check_router(options, choice, line);
  check_sockets(line, options, choice);
  check_rest(line, options, choice);
}

}  // namespace superd::config
