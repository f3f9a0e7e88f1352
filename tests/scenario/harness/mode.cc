#include "harness/mode.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace superd::scenario {
namespace {

namespace fs = std::filesystem;

// ctest's SKIP_RETURN_CODE.
constexpr int kSkipped = 77;

// What enter_mode() found out; lives as long as the test process.
struct State {
  Programs programs{SUPERD_TEST_SUPERD, SUPERD_TEST_SUPERCTL, SUPERD_TEST_WORKER,
                    SUPERD_TEST_APPS,   SUPERD_TEST_RUNNERS,  SUPERD_TEST_FAULTS};
  std::optional<TempDir> copies;
};
State& state() {
  static State state;
  return state;
}

// The mount points of cgroup v2; hybrid machines have it elsewhere than /sys/fs/cgroup.
std::vector<std::string> cgroup_mounts() {
  std::vector<std::string> points;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string id, parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    points.push_back(point);
  }
  return points;
}

void make_cgroups_read_only() {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    skip("no mount namespace of our own here, so cgroup v2 cannot be made read-only");
  }
  for (const std::string& point : cgroup_mounts()) {
    if (::mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
      skip("cgroup v2 cannot be made read-only here");
    }
  }
}

bool reachable_by(const passwd& user, const std::string& file) {
  if (::setegid(user.pw_gid) != 0 || ::seteuid(user.pw_uid) != 0) return false;
  const bool reachable = ::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) == 0;
  return ::seteuid(0) == 0 && ::setegid(0) == 0 && reachable;
}

// A checkout below a home directory that nobody else may enter: the user gets copies.
void copy_programs(const passwd& user) {
  Programs& programs = state().programs;
  const TempDir& dir = state().copies.emplace();
  for (std::string* file : {&programs.superd, &programs.superctl, &programs.worker, &programs.apps,
                            &programs.runners, &programs.faults}) {
    const fs::path copy = fs::path(dir.path()) / fs::path(*file).filename();
    fs::copy(*file, copy, fs::copy_options::recursive);
    *file = copy.string();
  }
  for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
    if (::chown(entry.path().c_str(), user.pw_uid, user.pw_gid) != 0) skip("no chown here");
  }
  if (::chown(dir.path().c_str(), user.pw_uid, user.pw_gid) != 0) skip("no chown here");
}

void become_user() {
  const passwd* user = ::getpwnam("games");
  if (user == nullptr) user = ::getpwnam("daemon");
  if (user == nullptr) skip("neither of the system users games and daemon is there");
  const Programs& programs = state().programs;
  for (const std::string& file : {programs.superd, programs.superctl, programs.worker,
                                  programs.apps, programs.runners, programs.faults}) {
    if (reachable_by(*user, file)) continue;
    copy_programs(*user);
    break;
  }
  ::setenv("USER", user->pw_name, 1);
  ::setenv("LOGNAME", user->pw_name, 1);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
      ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) {
    skip("cannot become an ordinary user here");
  }
  // Dropping the user id made this process undumpable: its /proc entries would be root's.
  ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace

Mode mode() {
  const char* text = std::getenv("SUPERD_SCENARIO_MODE");
  if (text == nullptr) return ::geteuid() == 0 ? Mode::root : Mode::user;
  const std::string_view name = text;
  if (name == "root") return Mode::root;
  if (name == "nocgroup") return Mode::nocgroup;
  if (name == "user") return Mode::user;
  throw std::runtime_error("SUPERD_SCENARIO_MODE is root, nocgroup or user");
}

void enter_mode() {
  const Mode wanted = mode();
  for (const char* name :
       {"SUPERD_SOCKET", "SUPERD_CONFIG", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
        "LISTEN_FDNAMES", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"}) {
    ::unsetenv(name);
  }
  ::umask(022);
  if (wanted != Mode::user && ::geteuid() != 0) skip("needs root");
  if (wanted == Mode::nocgroup) make_cgroups_read_only();
  if (wanted == Mode::user && ::geteuid() == 0) become_user();
  // Whoever runs the tests has nothing of theirs in a home directory.
  if (wanted == Mode::user) ::setenv("HOME", "/nonexistent", 1);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool cgroups_writable() {
  const std::vector<std::string> points = cgroup_mounts();
  return ::geteuid() == 0 && !points.empty() &&
         ::faccessat(AT_FDCWD, points[0].c_str(), W_OK, AT_EACCESS) == 0;
}

void skip(std::string_view why) {
  std::printf("skipped: %.*s\n", static_cast<int>(why.size()), why.data());
  std::fflush(stdout);
  std::_Exit(kSkipped);
}

const Programs& programs() { return state().programs; }

TempDir::TempDir() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "superd-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no temporary directory: " + name);
  ::chmod(name.c_str(), 0755);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace superd::scenario
