#include "doctor/machine.h"

#include <charconv>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "os/cgroup.h"
#include "os/credentials.h"
#include "os/read_file.h"

namespace superd::doctor {
namespace {

constexpr unsigned kPtrace = 19;  // CAP_SYS_PTRACE

std::optional<std::uint64_t> number_in(std::string_view text, int base = 10) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> setting(const std::string& path) {
  const Result<std::string> text = os::read_file("/proc/sys/fs/" + path);
  return text ? number_in(*text) : std::nullopt;
}

bool has_capability(unsigned capability) {
  constexpr std::string_view kField = "CapEff:";
  const Result<std::string> status = os::read_file("/proc/self/status");
  if (!status) return false;
  for (const std::string& line : split(*status, '\n')) {
    if (!line.starts_with(kField)) continue;
    const auto mask = number_in(std::string_view(line).substr(kField.size()), 16);
    return mask && (*mask >> capability & 1) != 0;
  }
  return false;
}

}  // namespace

Machine look_at_machine() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_max = 0;
  return {.root = os::own_privilege() == os::Privileged::yes,
          .may_trace = has_capability(kPtrace),
          .features = os::try_kernel_features(),
          .open_files = files.rlim_max,
          .pipe_pages = setting("pipe-user-pages-soft"),
          .inotify_instances = setting("inotify/max_user_instances"),
          .inotify_watches = setting("inotify/max_user_watches")};
}

Tracking try_tracking() {
  // The name of a directory that no superd runs in.
  const auto root = os::CgroupRoot::open(fmt::format("doctor/{}", ::getpid()));
  if (!root) return {.cgroups = false, .description = "no cgroup: " + root.error().message};
  static_cast<void>(root->remove_root());
  return {.cgroups = true,
          .description = "cgroup v2, below " + root->path().substr(0, root->path().rfind('/'))};
}

}  // namespace superd::doctor
