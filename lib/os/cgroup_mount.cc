#include "os/cgroup_mount.h"

#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "os/read_file.h"

namespace superd::os {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// mountinfo writes blanks and the like as \040.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 3 < text.size() && is_octal(text[at + 1]) &&
                        is_octal(text[at + 2]) && is_octal(text[at + 3]);
    if (!escape) {
      plain += text[at];
      continue;
    }
    plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                               (text[at + 3] - '0'));
    at += 3;
  }
  return plain;
}

// Fields: id parent major:minor ROOT MOUNTPOINT options [tags…] - TYPE source options.
std::optional<CgroupMount> parse_mount(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, ' ');
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kPoint = 4;
  for (std::size_t at = kPoint + 2; at + 1 < fields.size(); ++at) {
    if (fields[at] != "-") continue;
    if (fields[at + 1] != "cgroup2") return std::nullopt;
    return CgroupMount{.path = unescape(fields[kPoint]), .root = unescape(fields[kRoot])};
  }
  return std::nullopt;
}

// The place in the file system of a cgroup; nothing where the mount does not show it.
std::optional<std::string> path_in(const CgroupMount& mount, const std::string& kernel_path) {
  // `/..`: the process was moved out of its cgroup namespace.
  if (kernel_path.starts_with("/..")) return std::nullopt;
  if (mount.root == "/") return kernel_path == "/" ? mount.path : mount.path + kernel_path;
  if (kernel_path == mount.root) return mount.path;
  if (!kernel_path.starts_with(mount.root + "/")) return std::nullopt;
  return mount.path + kernel_path.substr(mount.root.size());
}

// systemd marks the cgroups that it leaves to their service (Delegate=yes).
bool is_marked_delegated(const std::string& path) {
  char value = '\0';
  for (const char* attribute : {"trusted.delegate", "user.delegate"}) {
    if (::getxattr(path.c_str(), attribute, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

}  // namespace

std::optional<CgroupMount> find_cgroup2_mount(std::string_view mountinfo) {
  std::optional<CgroupMount> found;
  for (const std::string_view line : split(mountinfo, '\n')) {
    std::optional<CgroupMount> mount = parse_mount(line);
    if (!mount) continue;
    if (mount->root == "/") return mount;
    if (!found) found = std::move(mount);
  }
  return found;
}

std::optional<std::string> cgroup2_of(std::string_view proc_cgroup) {
  constexpr std::string_view kVersion2 = "0::";
  constexpr std::string_view kDeleted = " (deleted)";
  for (std::string_view line : split(proc_cgroup, '\n')) {
    if (!line.starts_with(kVersion2)) continue;
    line.remove_prefix(kVersion2.size());
    if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());
    return std::string(line);
  }
  return std::nullopt;
}

bool is_in_login_session(std::string_view kernel_path) {
  for (const std::string_view part : split(kernel_path, '/')) {
    if (part.starts_with("session-") && part.ends_with(".scope")) return true;
  }
  return false;
}

Result<std::vector<CgroupPlace>> cgroup_places() {
  const Result<std::string> mounts = read_file("/proc/self/mountinfo");
  if (!mounts) return tl::unexpected(mounts.error());
  const std::optional<CgroupMount> mount = find_cgroup2_mount(*mounts);
  if (!mount) return fail("cgroup v2 is not mounted");
  const Result<std::string> own_text = read_file("/proc/self/cgroup");
  if (!own_text) return tl::unexpected(own_text.error());
  const std::optional<std::string> own = cgroup2_of(*own_text);
  const std::optional<std::string> own_path = own ? path_in(*mount, *own) : std::nullopt;

  std::vector<CgroupPlace> places;
  const CgroupPlace top{.path = mount->path, .kernel_path = mount->root};
  const bool is_root = ::geteuid() == 0;
  if (!own_path) {
    if (is_root) places.push_back(top);
  } else if (!is_root) {
    places.push_back({.path = *own_path, .kernel_path = *own});
  } else {
    const bool in_session = is_in_login_session(*own);
    const bool delegated = !in_session && is_marked_delegated(*own_path);
    if (delegated) places.push_back({.path = *own_path, .kernel_path = *own});
    places.push_back(top);
    const bool as_last = !delegated && !in_session && !own->starts_with("/user.slice/");
    if (as_last && *own != top.kernel_path) {
      places.push_back({.path = *own_path, .kernel_path = *own});
    }
  }
  if (places.empty()) return fail("the own cgroup is not visible under " + mount->path);
  return places;
}

}  // namespace superd::os
