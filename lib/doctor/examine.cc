#include "doctor/examine.h"

#include <fmt/format.h>

#include "base/units.h"
#include "doctor/feature_text.h"

namespace superd::doctor {
namespace {

// Of superd itself, and of each worker: notify socket, both ends of its output, pidfd, events. All
// workers taken over at a time, after all of superd was killed, have those on their way to the
// keeper besides: seven were counted then, four at rest.
constexpr std::uint64_t kOwnFiles = 128;
constexpr std::uint64_t kFilesOfWorker = 7;
// stdout and stderr (of format raw one pipe for both, and the transit pipe), and the exec report
// for a moment; 16 pages each.
constexpr std::uint64_t kPagesOfWorker = 2 * 16;
constexpr std::uint64_t kFewInstances = 128;

Finding tracking_finding(const Machine& machine, const Tracking& tracking) {
  Finding finding{.what = "tracking"};
  finding.message = tracking.description;
  if (tracking.cgroups) return finding;
  finding.verdict = Verdict::missing;
  finding.message += "; a process that leaves its session and loses its parent may be missed";
  finding.remedy = machine.root
                       ? "mount cgroup v2 so that superd may write to it (in a container: a cgroup "
                         "namespace of its own, writable)"
                       : "run superd as a service with Delegate=yes, or as root";
  return finding;
}

Finding users_finding(const Machine& machine) {
  if (machine.root) return {.what = "rights: users", .message = "workers may run as any user"};
  return {.what = "rights: users",
          .verdict = Verdict::missing,
          .message = "every worker runs as superd's own user",
          .remedy = "run superd as root where workers are to run as others"};
}

Finding trace_finding(const Machine& machine) {
  const std::string what = "rights: looking at workers";
  if (!machine.root) {
    return {.what = what, .message = "workers of one's own user can be looked at"};
  }
  if (machine.may_trace) {
    return {.what = what, .message = "any worker can be looked at (CAP_SYS_PTRACE)"};
  }
  return {.what = what,
          .verdict = Verdict::missing,
          .message =
              "without CAP_SYS_PTRACE a worker that has changed its user may hide whether it "
              "serves, and its sockets cannot be taken back after all of superd was killed",
          .remedy = "give superd CAP_SYS_PTRACE (docker: --cap-add SYS_PTRACE)"};
}

Finding files_finding(const Machine& machine, std::uint64_t workers) {
  const std::string what = "limits: open files";
  const std::uint64_t needed = kOwnFiles + workers * kFilesOfWorker;
  if (needed <= machine.open_files) {
    return {.what = what,
            .message = fmt::format("{} descriptors, enough for some {} workers", machine.open_files,
                                   (machine.open_files - kOwnFiles) / kFilesOfWorker)};
  }
  return {.what = what,
          .verdict = Verdict::problem,
          .message = fmt::format("{} descriptors, and superd may need {} at a time with {} workers",
                                 machine.open_files, needed, workers),
          .remedy = fmt::format("LimitNOFILE={} or more (or ulimit -Hn) for superd",
                                kOwnFiles + 2 * workers * kFilesOfWorker)};
}

Finding pipes_finding(const Machine& machine, std::uint64_t workers) {
  const std::string what = "limits: pipes";
  // The kernel holds only ordinary users to it.
  if (machine.root || !machine.pipe_pages || *machine.pipe_pages == 0) {
    return {.what = what, .message = "workers' output pipes are of full size"};
  }
  const std::uint64_t enough = *machine.pipe_pages / kPagesOfWorker;
  if (workers <= enough) {
    return {.what = what,
            .message = fmt::format("{} pages, pipes of full size for some {} workers",
                                   *machine.pipe_pages, enough)};
  }
  return {
      .what = what,
      .verdict = Verdict::missing,
      .message = fmt::format("{} pages are enough for the pipes of some {} workers, the others' "
                             "are small: output in bursts slows them down",
                             *machine.pipe_pages, enough),
      .remedy = fmt::format("sysctl fs.pipe-user-pages-soft={}", 2 * workers * kPagesOfWorker)};
}

Finding inotify_finding(const Machine& machine) {
  const std::string what = "limits: inotify";
  if (!machine.inotify_instances || !machine.inotify_watches) {
    return {.what = what,
            .verdict = Verdict::missing,
            .message = "its limits cannot be read",
            .remedy = "mount /proc/sys"};
  }
  Finding finding{.what = what,
                  .message = fmt::format("{} instances (one a group with triggers) and {} watches "
                                         "(one a directory) for all programs of the user",
                                         *machine.inotify_instances, *machine.inotify_watches)};
  if (*machine.inotify_instances < kFewInstances) {
    finding.verdict = Verdict::missing;
    finding.remedy = fmt::format("sysctl fs.inotify.max_user_instances={}", kFewInstances);
  }
  return finding;
}

// `why` may name the remedy: `there are as many … as there may be: raise fs.inotify.…`
Finding looking_finding(const std::string& group, const std::string& why) {
  const std::size_t remedy = why.find(": raise ");
  return {.what = "triggers: " + group,
          .verdict = Verdict::missing,
          .message = "changes are found by looking every few seconds: " + why.substr(0, remedy),
          .remedy = remedy == std::string::npos
                        ? "let superd watch these directories; it tries again by itself"
                        : why.substr(remedy + 2) + "; superd tries again by itself"};
}

Finding journal_finding(const Running& running) {
  const std::string what = "journal";
  if (!running.journal_fails) {
    return {.what = what,
            .message = fmt::format("{}, {}", running.journal, human_size(running.journal_bytes))};
  }
  return {.what = what,
          .verdict = Verdict::problem,
          .message = fmt::format("{} cannot be written: a supervisor that dies is followed by one "
                                 "that does not know what went on",
                                 running.journal),
          .remedy = "make room there, or let superd write there; its log says what is in the way"};
}

Findings find(const Machine& machine, const Tracking& tracking, std::uint64_t workers) {
  Findings all{tracking_finding(machine, tracking)};
  for (const os::TriedFeature& tried : machine.features) all.push_back(feature_finding(tried));
  all.push_back(users_finding(machine));
  all.push_back(trace_finding(machine));
  all.push_back(files_finding(machine, workers));
  all.push_back(pipes_finding(machine, workers));
  all.push_back(inotify_finding(machine));
  return all;
}

}  // namespace

Findings examine(const Machine& machine, const Tracking& tracking) {
  return find(machine, tracking, 1);
}

Findings examine(const Machine& machine, const Tracking& tracking, const Running& running) {
  Findings all = find(machine, tracking, running.workers);
  for (const auto& [group, why] : running.looking) all.push_back(looking_finding(group, why));
  all.push_back(journal_finding(running));
  return all;
}

}  // namespace superd::doctor
