#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "config/runner.h"

// Where the preset meets what the user wrote.
namespace superd::config {
namespace {

void warn_of(RunnerChoice& choice, std::string key, std::string message) {
  choice.warnings.push_back({.key = std::move(key), .word = 0, .message = std::move(message)});
}

void check_stop(RunnerChoice& choice, const core::GroupSpec& group) {
  const auto& graceful = choice.graceful_signals;
  const bool drains = graceful.empty() || std::find(graceful.begin(), graceful.end(),
                                                    group.stop.signal) != graceful.end();
  if (!drains) {
    warn_of(choice, "stop.signal",
            fmt::format("{} finishes its requests at {}, and does not at {}: leave the signal out",
                        name(choice.runner), signal_name(graceful.front()),
                        signal_name(group.stop.signal)));
  }
  const bool finishes = !graceful.empty();
  if (finishes && choice.own_limit && group.stop.timeout < *choice.own_limit) {
    warn_of(choice, "stop.timeout",
            fmt::format("{} kills requests that {} would still finish ({}): make it {}, or the "
                        "runner's own limit shorter",
                        print_duration(group.stop.timeout), name(choice.runner),
                        choice.stop_timeout_why, print_duration(*choice.stop_timeout)));
  }
}

void check_notify(RunnerChoice& choice, const core::GroupSpec& group) {
  if (group.ready.when != core::ReadyWhen::notify) return;
  switch (choice.notifies) {
    case Notifies::unknown:
    case Notifies::truthfully:
      return;
    case Notifies::too_early:
      return warn_of(choice, "ready.when",
                     fmt::format("{} says READY=1 before it has loaded the application, and also "
                                 "when it cannot: leave ready.when out, and superd sees for itself",
                                 name(choice.runner)));
    case Notifies::never:
      return warn_of(
          choice, "ready.when",
          fmt::format("{} never says READY=1, and no start can succeed: leave ready.when "
                      "out, and superd sees for itself",
                      name(choice.runner)));
  }
  std::abort();
}

// Whether a process is taken for ready because it is seen to accept.
bool goes_by_accepting(core::ReadyWhen when) {
  return when == core::ReadyWhen::automatic || when == core::ReadyWhen::listening;
}

void settle_front(RunnerChoice& choice, core::GroupSpec& group) {
  if (choice.front == FrontProcess::none || group.listen.empty()) return;
  if (!goes_by_accepting(group.ready.when)) return;
  const bool has_private = std::any_of(group.listen.begin(), group.listen.end(), core::is_private);
  if (has_private && group.ready.when == core::ReadyWhen::automatic) {
    group.ready.when = core::ReadyWhen::http;
    return;
  }
  if (choice.front == FrontProcess::answers_without_application) return;
  const std::string remedy = has_private
                                 ? "write ready.http = \"/\"; superd then asks there by HTTP"
                             : choice.front_remedy.empty()
                                 ? "add { name = \"probe\", private = true } to `listen` and let "
                                   "it serve that socket too; superd then asks there by HTTP"
                                 : choice.front_remedy;
  warn_of(choice, "listen",
          fmt::format("{} accepts connections before it has loaded the application, and counts as "
                      "ready too early: {}",
                      name(choice.runner), remedy));
}

void settle_rehearsal(RunnerChoice& choice, core::GroupSpec& group) {
  if (!group.roll.rehearse) return;
  if (group.roll.strategy == core::RollStrategy::rolling) {
    // Nobody wrote that.
    if (!choice.rehearsable || group.roll.rehearse_http) return;
    choice.notes.emplace_back(
        "a roll first asks a process of its own that no client sees: another path by "
        "roll.rehearse = \"/healthz\", nothing by roll.rehearse = false");
    return;
  }
  group.roll.rehearse = false;
  warn_of(choice, "roll.strategy",
          fmt::format("with stop-first nothing is rehearsed, and {} answers errors where the "
                      "application cannot be loaded: leave it out, or write roll.rehearse = false",
                      name(choice.runner)));
}

}  // namespace

void apply_preset(const RunnerChoice& choice, core::GroupSpec& group) {
  if (choice.stop_signal) group.stop.signal = *choice.stop_signal;
  if (choice.stop_timeout) group.stop.timeout = *choice.stop_timeout;
  // Whoever gets the sockets at bind() is told of none.
  const bool decides = group.socket_env == core::SocketEnv::automatic && !group.socket_shim;
  if (decides && choice.socket_env) {
    group.socket_env = *choice.socket_env;
  }
  group.respawn.clean_statuses = choice.clean_statuses;
  group.respawn.clean_signals = choice.clean_signals;
  group.reload_signal = choice.reload_signal;
  group.roll.rehearse = choice.rehearsable && !group.listen.empty() && !group.port_base;
}

void finish_preset(RunnerChoice& choice, core::GroupSpec& group) {
  check_stop(choice, group);
  check_notify(choice, group);
  settle_front(choice, group);
  settle_rehearsal(choice, group);
}

}  // namespace superd::config
