#include "doctor/feature_text.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace superd::doctor {
namespace {

struct FeatureText {
  const char* name;
  const char* serves;
  const char* without;
  const char* since;  // the kernel that has it
  Verdict absent = Verdict::missing;
};

FeatureText text_of(os::KernelFeature feature) {
  using enum os::KernelFeature;
  switch (feature) {
    case clone3:
      return {"clone3", "a process is made with its pidfd at once",
              "processes are made by fork, which does as well", "5.5"};
    case pidfd_open:
      return {"pidfd_open", "a signal never reaches a process that got a reused PID",
              "superd cannot start or signal anything", "5.3", Verdict::problem};
    case pidfd_getfd:
      return {"pidfd_getfd", "sockets come back from the workers after all of superd was killed",
              "after all of superd was killed its listening sockets cannot be taken over", "5.6"};
    case pidfs_numbers:
      return {"pidfs numbers", "a process is known by a number that is never used again",
              "processes are told apart by PID and start time", "6.9"};
    case reaped_exit:
      return {"exit of reaped processes",
              "how a worker ended is known, whoever was its parent then",
              "how a worker ended while no part of superd ran stays unknown", "6.15"};
    case peer_pidfd:
      return {"SO_PEERPIDFD", "who asks on the sockets is known beyond doubt",
              "a client that has ended before it was looked at has no worker's rights", "6.5"};
    case close_range:
      return {"close_range", "new processes drop superd's descriptors in one call",
              "starts take longer where superd has many descriptors", "5.11"};
    case sealed_memory:
      return {"memfd_create", "superd's state passes to the next program in memory",
              "neither upgrades nor input for a worker's stdin are possible", "3.17",
              Verdict::problem};
    case connection_tables:
      return {"sock_diag", "accepted connections tell that a worker serves, or is idle",
              "ready.when = \"listening\" sees a busy worker late, and idle_timeout does not work",
              "4.9 with CONFIG_INET_DIAG and CONFIG_UNIX_DIAG"};
    case thread_calls:
      return {"/proc/PID/task/TID/syscall", "superd sees whether a worker waits for connections",
              "ready.when = \"listening\" sees a worker by its first connection only",
              "2.6.27 with CONFIG_HAVE_ARCH_TRACEHOOK"};
    case inotify:
      return {"inotify", "triggers hear of changes at once",
              "triggers look by themselves every few seconds", "2.6.13"};
  }
  std::abort();
}

// Limits and filters are told apart from what the kernel lacks.
std::string remedy(const FeatureText& text, os::KernelFeature feature, int code) {
  if (feature == os::KernelFeature::inotify && code == EMFILE) {
    return "raise fs.inotify.max_user_instances";
  }
  if (code == EMFILE || code == ENFILE) return "raise the limit of open files";
  if (code == EPERM || code == EACCES) {
    return "allow the call in the container's or unit's system call filter";
  }
  return fmt::format("Linux {} or later, or a container whose filter lets it through", text.since);
}

}  // namespace

Finding feature_finding(const os::TriedFeature& tried) {
  const FeatureText text = text_of(tried.feature);
  Finding finding{.what = fmt::format("kernel: {}", text.name)};
  if (tried.code == 0) {
    finding.message = text.serves;
    return finding;
  }
  finding.verdict = text.absent;
  finding.message = fmt::format("{} ({})", text.without, ::strerrordesc_np(tried.code));
  finding.remedy = remedy(text, tried.feature, tried.code);
  return finding;
}

}  // namespace superd::doctor
