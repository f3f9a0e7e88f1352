#pragma once

#include <string>
#include <string_view>

// A scenario runs as one of these; SUPERD_SCENARIO_MODE names it, ctest sets that. The test process
// itself takes on the mode before the first test case, so that superd, superctl and the checks of
// the test all see the same machine.
namespace superd::scenario {

enum class Mode {
  root,      // as root, with the cgroups that the machine offers
  nocgroup,  // as root, in a mount namespace where cgroup v2 is read-only
  user,      // as an ordinary user: a system user when the tests run as root, else who runs them
};
Mode mode();

// Enters the mode, or ends the process as skipped where the machine does not allow it. Makes this
// process a child subreaper: whatever superd leaves behind comes home to the test.
void enter_mode();

// Whether superd can have cgroups of its own in this mode.
bool cgroups_writable();

// Ends the process; ctest shows the test as skipped. Only before anything was started.
[[noreturn]] void skip(std::string_view why);

// The programs under test, where this mode can execute them.
struct Programs {
  std::string superd;
  std::string superctl;
  std::string worker;   // tests/fakes/worker.cc
  std::string apps;     // tests/fakes/apps
  std::string runners;  // etc/runners
  std::string faults;   // tests/fakes/faults.c, to be preloaded
};
const Programs& programs();

// A directory of its own below TMPDIR, removed with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace superd::scenario
