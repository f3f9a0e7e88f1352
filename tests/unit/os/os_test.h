#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "os/process.h"
#include "os/spawn.h"

// What the tests of lib/os share. They run against the real kernel, as whoever runs them.
namespace superd::os::test {

// A directory of its own, removed with all in it at the end. Others may enter it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const;

 private:
  std::string path_;
};

// Looks every few milliseconds until it holds; false after 10 seconds.
bool wait_until(const std::function<bool()>& holds);

// The report of a child; fails the test when it does not come.
ExecReport wait_for_report(const Spawned& spawned);
// Its end; fails the test when it does not come.
Exit wait_for_exit(const Spawned& spawned);

// A program that does nothing: `sleep` until it is killed. Its state is looked at from outside.
class Sleeper {
 public:
  explicit Sleeper(SpawnRequest request = {});
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  [[nodiscard]] pid_t pid() const { return spawned_.pid; }
  [[nodiscard]] int pidfd() const { return spawned_.pidfd.get(); }
  // A line of /proc/PID/status: status("SigIgn").
  [[nodiscard]] std::string status(const std::string& key) const;
  // Number and target of each open descriptor.
  [[nodiscard]] std::map<int, std::string> descriptors() const;

 private:
  Spawned spawned_;
};

// Runs a command, gives back what it wrote to stdout and stderr.
std::string output_of(SpawnRequest request);

// A word that the rest of the test cannot run here, and why: `return skip("needs root");`
void skip(const std::string& why);

bool is_root();
// Runs the part in a forked child and gives back its text: empty for success, else what was wrong.
std::string in_child(const std::function<std::string()>& part);
constexpr uid_t kOrdinaryUid = 23456;
// Runs the part as an ordinary user (in a child where the tests run as root).
std::string as_ordinary_user(const std::function<std::string()>& part);

}  // namespace superd::os::test
