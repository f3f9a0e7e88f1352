#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "config/runner.h"
#include "core/environment.h"

namespace superd::config {
namespace {

std::string timeout_text(const RunnerChoice& choice, const core::GroupSpec& group) {
  std::string text = print_duration(group.stop.timeout);
  if (!choice.stop_timeout || choice.stop_timeout_why.empty()) return text;
  return group.stop.timeout == *choice.stop_timeout
             ? fmt::format("{} ({})", text, choice.stop_timeout_why)
             : fmt::format("{} (as written)", text);
}

}  // namespace

std::string ready_way(const core::GroupSpec& group) {
  const core::ReadySpec& ready = group.ready;
  switch (core::effective(ready.when, !group.listen.empty())) {
    case core::ReadyWhen::automatic:
      break;
    case core::ReadyWhen::notify:
      return "notify";
    case core::ReadyWhen::listening:
      return "listening";
    case core::ReadyWhen::delay:
      return "delay " + print_duration(ready.delay);
    case core::ReadyWhen::exec:
      return "exec";
    case core::ReadyWhen::fd:
      return "fd";
    case core::ReadyWhen::log:
      return "log";
    case core::ReadyWhen::http:
      return "http " + ready.http.path;
  }
  std::abort();
}

std::string sockets_way(const core::GroupSpec& group) {
  if (group.socket_shim) return "socket_shim";
  return core::sets_listen_fds(group) ? "LISTEN_FDS" : "descriptor";
}

std::string to_string(const RunnerChoice& choice, const core::GroupSpec& group) {
  std::vector<std::string> clean;
  for (const int status : group.respawn.clean_statuses) clean.push_back(std::to_string(status));
  for (const int signal : group.respawn.clean_signals) clean.push_back(signal_name(signal));
  return fmt::format(
      "runner {}{} ({}): stop {}, timeout {}, ready {}, clean exits {}{}{}{}", name(choice.runner),
      choice.form.empty() ? "" : fmt::format(", {}", choice.form), choice.why,
      signal_name(group.stop.signal), timeout_text(choice, group), ready_way(group),
      clean.empty() ? "none" : join(clean, " "),
      group.reload_signal ? fmt::format(", reload {}", signal_name(*group.reload_signal)) : "",
      group.listen.empty() ? "" : ", sockets by " + sockets_way(group),
      group.roll.rehearse ? ", rolls rehearsed by GET " + core::rehearsal_http(group).path : "");
}

}  // namespace superd::config
