#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/http.h"
#include "harness/mode.h"
#include "harness/proc.h"
#include "harness/program.h"
#include "harness/wait.h"

namespace superd::scenario {

// A directory with a config and all that superd makes of it: runtime directory, logs. At its end
// every process that superd left behind is a failure of the test, and is killed.
//
// In texts, @DIR@ is the directory, @ADDRESS@ a free loopback address, @PORT@ its port, @WORKER@
// the fake worker and @APPS@ the folder of fake applications. A config without a [superd] table
// gets one that keeps everything in the directory.
class Site {
 public:
  explicit Site(const std::string& config);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  [[nodiscard]] const std::string& dir() const { return dir_.path(); }
  [[nodiscard]] std::string path(const std::string& name) const { return dir() + "/" + name; }
  [[nodiscard]] std::string config() const { return path("superd.toml"); }
  [[nodiscard]] std::string control() const { return path("run/control.sock"); }
  [[nodiscard]] const std::string& address() const { return address_; }

  [[nodiscard]] std::string expand(std::string text) const;
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;

  // superctl on this site's control socket, run to its end.
  [[nodiscard]] Outcome ctl(std::vector<std::string> arguments) const;
  // The document that `superctl … --json` prints; null when it prints none.
  [[nodiscard]] nlohmann::json json(std::vector<std::string> arguments) const;
  // superd with this site's config, run to its end: for --check, --detach, refusals.
  [[nodiscard]] Outcome superd(std::vector<std::string> arguments) const;

  [[nodiscard]] nlohmann::json group(const std::string& name) const;
  [[nodiscard]] nlohmann::json worker(const std::string& name) const;
  [[nodiscard]] std::string state(const std::string& group_or_worker) const;
  [[nodiscard]] bool reaches(const std::string& group_or_worker, const std::string& state,
                             std::chrono::milliseconds limit = kSoon) const;
  [[nodiscard]] std::vector<pid_t> pids(const std::string& name) const;
  [[nodiscard]] std::vector<pid_t> main_pids(const std::string& name) const;
  [[nodiscard]] pid_t main_pid(const std::string& worker) const;
  // What is wrong with the processes of the site: those with its directory in their environment
  // that superd does not know, and those whose SUPERD_WORKER or SUPERD_GENERATION is not what
  // superd says of them. Empty: nothing. For a time at which nothing changes.
  [[nodiscard]] std::vector<std::string> misnamed() const;
  // Whether superd tracks its workers by cgroups here.
  [[nodiscard]] bool has_cgroups() const;

  // The processes that superd left behind; the test expects them, so they are killed silently.
  std::vector<pid_t> take_leftovers();

 private:
  TempDir dir_;
  std::string address_;
};

// superd in the foreground, its log in superd.log of the site. Ended in order, at the latest with
// the object; a test that fails shows the log.
class Superd {
 public:
  enum class Await { control, nothing };
  // Comes back once the control socket answers, or superd has ended. `under`: words before superd's
  // own, of a program that becomes it by exec.
  explicit Superd(Site& site, Await await = Await::control, std::vector<std::string> under = {});
  ~Superd();
  Superd(const Superd&) = delete;
  Superd& operator=(const Superd&) = delete;

  [[nodiscard]] pid_t keeper() const { return program_.pid(); }
  [[nodiscard]] pid_t supervisor() const { return role("supervisor"); }
  [[nodiscard]] pid_t logger() const { return role("logger"); }
  // Kills the supervisor and waits until another one answers.
  [[nodiscard]] bool kill_supervisor() const;
  [[nodiscard]] std::string log() const { return site_.read("superd.log"); }

  // An ordered shutdown by TERM; superd's exit status.
  std::optional<int> end();
  // By more than one TERM: what is left of the workers is killed.
  std::optional<int> end_at_once();
  Program& program() { return program_; }

 private:
  // The keeper's child whose command line names the role, or -1.
  [[nodiscard]] pid_t role(const std::string& name) const;

  Site& site_;
  UniqueFd log_;
  Program program_;
};

}  // namespace superd::scenario
