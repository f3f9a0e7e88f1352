// What superd finds out about the machine it runs on.
#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/stop_time.h"
#include "daemon/supervisor_state.h"
#include "doctor/examine.h"
#include "os/read_file.h"

namespace superd::daemon {
namespace {

std::uint64_t size_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || status.st_size < 0) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

wire::DoctorView Supervisor::doctor_view() const {
  doctor::Running running{.journal = journal_.path(),
                          .journal_fails = journal_.failing(),
                          .journal_bytes = size_of(journal_.path())};
  for (const std::string& name : core_.names()) {
    running.workers += core_.find(name)->workers.size();
    if (const auto why = triggers_.degraded(name)) running.looking.emplace_back(name, *why);
  }
  const doctor::Tracking tracking{.cgroups = tracking_.tracker->name() == "cgroup",
                                  .description = tracking_.tracker->description()};
  wire::DoctorView view{.pid = keeper_pid_};
  view.cgroup = os::read_file(fmt::format("/proc/{}/cgroup", keeper_pid_)).value_or("");
  view.stop_time_s = std::chrono::ceil<std::chrono::seconds>(core::stop_time(spec_)).count();
  for (doctor::Finding& finding : doctor::examine(doctor::look_at_machine(), tracking, running)) {
    view.findings.push_back({.what = std::move(finding.what),
                             .verdict = doctor::name(finding.verdict),
                             .message = std::move(finding.message),
                             .remedy = std::move(finding.remedy)});
  }
  return view;
}

}  // namespace superd::daemon
