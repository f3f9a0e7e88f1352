#include "doctor/unit_findings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/units.h"

namespace superd::doctor {
namespace {

// What systemd does with what is left of a unit whose main process has ended.
bool spares_workers(const UnitFacts& facts) {
  return facts.kill_mode == "process" || facts.kill_mode == "none";
}

Finding no_unit(const Service& service) {
  if (service.keeper == 1) {
    return {.what = "service: manager",
            .message = "superd is process 1; who runs the container starts it again"};
  }
  return {.what = "service: manager",
          .verdict = Verdict::missing,
          .message = "no service manager: nobody starts superd again when all of it was killed",
          .remedy = "run superd as a service, superd(8)"};
}

// superd was started by something that runs in the unit.
Finding foreign_unit(const std::string& name, const UnitFacts& facts) {
  Finding finding{.what = "service: manager",
                  .verdict = Verdict::missing,
                  .message = fmt::format("superd runs within {} and is not its main process: "
                                         "nobody starts it again",
                                         name),
                  .remedy = "run superd as a service of its own, superd(8)"};
  if (spares_workers(facts) || !name.ends_with(".service")) return finding;
  finding.verdict = Verdict::problem;
  finding.message += fmt::format(", and the end of {} ends it and its workers", name);
  return finding;
}

Finding kill_mode(const UnitFacts& facts) {
  Finding finding{.what = "service: KillMode", .message = facts.kill_mode};
  if (spares_workers(facts)) {
    finding.message += ": workers live on when superd is killed";
    return finding;
  }
  finding.verdict = Verdict::problem;
  finding.message += ": systemd kills the workers when superd is killed or restarted";
  finding.remedy = "KillMode=process";
  return finding;
}

Finding delegate(const UnitFacts& facts) {
  if (facts.delegate) return {.what = "service: Delegate", .message = "yes"};
  return {.what = "service: Delegate",
          .verdict = Verdict::problem,
          .message = "no: the cgroups that superd makes are not its own in systemd's eyes",
          .remedy = "Delegate=yes"};
}

Finding restart(const UnitFacts& facts) {
  constexpr std::array<std::string_view, 4> kGood{"always", "on-failure", "on-abnormal",
                                                  "on-abort"};
  if (std::find(kGood.begin(), kGood.end(), facts.restart) != kGood.end()) {
    return {.what = "service: Restart", .message = facts.restart};
  }
  return {.what = "service: Restart",
          .verdict = Verdict::problem,
          .message = fmt::format("{}: nobody starts superd again when all of it was killed",
                                 facts.restart.empty() ? "not set" : facts.restart),
          .remedy = "Restart=on-failure"};
}

Finding stop_timeout(const UnitFacts& facts, std::chrono::nanoseconds needed) {
  const std::string what = "service: TimeoutStopSec";
  if (!facts.stop_timeout) return {.what = what, .message = "infinity: stops are not cut short"};
  const std::string given = human_duration(*facts.stop_timeout);
  if (*facts.stop_timeout > needed) {
    return {.what = what,
            .message =
                fmt::format("{}; the groups may take {} to stop", given, human_duration(needed))};
  }
  return {.what = what,
          .verdict = Verdict::problem,
          .message = fmt::format("{}, and the groups may take {} to stop: systemd kills superd "
                                 "before they have finished",
                                 given, human_duration(needed)),
          .remedy = "TimeoutStopSec=infinity"};
}

Finding oom_policy(const UnitFacts& facts) {
  if (facts.oom_policy == "continue" || facts.oom_policy.empty()) {
    return {.what = "service: OOMPolicy",
            .message = facts.oom_policy.empty() ? "not known to this systemd" : "continue"};
  }
  return {.what = "service: OOMPolicy",
          .verdict = Verdict::problem,
          .message = fmt::format("{}: one worker that runs out of memory ends all of superd",
                                 facts.oom_policy),
          .remedy = "OOMPolicy=continue"};
}

Finding runtime_dir(const UnitFacts& facts) {
  const std::string what = "service: RuntimeDirectoryPreserve";
  if (!facts.makes_runtime_dir) {
    return {.what = what, .message = "systemd makes no runtime directory, and removes none"};
  }
  if (facts.runtime_dir_preserve != "no") {
    return {.what = what, .message = facts.runtime_dir_preserve};
  }
  return {.what = what,
          .verdict = Verdict::problem,
          .message =
              "no: when all of superd is killed systemd removes the sockets and what the "
              "next superd goes on by, and the workers are lost to it",
          .remedy = "RuntimeDirectoryPreserve=yes"};
}

Finding start_limit(const UnitFacts& facts) {
  const std::string what = "service: StartLimitIntervalSec";
  const std::string& interval = facts.start_limit_interval;
  if (interval.empty()) return {.what = what, .message = "not known to this systemd"};
  if (interval == "0" || facts.start_limit_burst == "0") {
    return {.what = what, .message = "superd is started again however often it was killed"};
  }
  return {.what = what,
          .verdict = Verdict::problem,
          .message = fmt::format("{}: after {} starts within this time systemd gives superd up, "
                                 "and the workers are nobody's",
                                 interval, facts.start_limit_burst),
          .remedy = "StartLimitIntervalSec=0"};
}

Finding fd_store(const UnitFacts& facts) {
  const std::string what = "service: descriptor store";
  if (facts.fd_store_max > 0 && facts.notify_access != "none" && !facts.notify_access.empty()) {
    return {.what = what,
            .message = fmt::format("keeps up to {} listening sockets when all of superd is killed",
                                   facts.fd_store_max)};
  }
  return {.what = what,
          .verdict = Verdict::missing,
          .message =
              "systemd keeps no listening sockets: when all of superd is killed they come "
              "back from the workers only, as far as superd may take them",
          .remedy = facts.fd_store_max > 0 ? "NotifyAccess=main" : "FileDescriptorStoreMax=4096"};
}

}  // namespace

Findings examine(const Service& service) {
  // Of a container's first process the unit outside is none of its business.
  if (!service.unit || service.keeper == 1) return {no_unit(service)};
  const std::string& name = service.unit->name;
  if (!service.facts) {
    return {{.what = "service: manager",
             .verdict = Verdict::missing,
             .message = fmt::format("the settings of {} are not known: {}", name,
                                    service.facts.error().message),
             .remedy = "systemctl show " + name}};
  }
  const UnitFacts& facts = *service.facts;
  if (facts.main_pid != service.keeper) return {foreign_unit(name, facts)};
  return {{.what = "service: manager", .message = fmt::format("systemd, {}", name)},
          kill_mode(facts),
          delegate(facts),
          restart(facts),
          start_limit(facts),
          runtime_dir(facts),
          stop_timeout(facts, service.stop_time),
          oom_policy(facts),
          fd_store(facts)};
}

}  // namespace superd::doctor
