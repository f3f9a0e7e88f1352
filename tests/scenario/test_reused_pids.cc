#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

// A PID that a worker had is a stranger's when superd comes back. In a PID namespace of its own,
// where the next PID can be chosen.
namespace superd::scenario {
namespace {

// Its first process, which reaps and does nothing else.
class PidNamespace {
 public:
  PidNamespace()
      : unshare_({"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c",
                  "while :; do sleep 100002; done"},
                 {}) {
    wait_until(kSoon, [this] {
      const std::vector<pid_t> inside = proc::children(unshare_.pid());
      init_ = inside.empty() ? -1 : inside.front();
      return init_ > 0 && proc::command(init_).starts_with("sh ");
    });
    REQUIRE(init_ > 0);
  }
  ~PidNamespace() {
    // With it all that is in there ends.
    if (init_ > 0) ::kill(init_, SIGKILL);
    unshare_.wait(kSoon);
  }
  PidNamespace(const PidNamespace&) = delete;
  PidNamespace& operator=(const PidNamespace&) = delete;
  // In there, run to its end.
  [[nodiscard]] Outcome run_inside(const std::string& script) const {
    std::vector<std::string> words = enter();
    words.insert(words.end(), {"sh", "-c", script});
    return run(words);
  }
  [[nodiscard]] std::vector<std::string> enter() const {
    return {"/usr/bin/nsenter", "-t", std::to_string(init_), "-p", "-m"};
  }
  // Of a process in there, by the command that it runs; as this namespace counts.
  [[nodiscard]] std::vector<pid_t> running(const std::string& command) const {
    std::vector<pid_t> found;
    for (const pid_t pid : proc::descendants(::getpid())) {
      if (proc::alive(pid) && proc::command(pid).starts_with(command)) found.push_back(pid);
    }
    return found;
  }
  // The PID in there of a process out here.
  [[nodiscard]] static pid_t inside(pid_t pid) {
    const std::string both = proc::status(pid, "NSpid");
    return both.empty() ? -1 : std::stoi(both.substr(both.find_last_of("\t ") + 1));
  }
  // Starts a stranger, which leads a session and has a child, with that PID in there.
  [[nodiscard]] Outcome start_stranger(pid_t pid) const {
    return run_inside("echo " + std::to_string(pid - 1) +
                      " >/proc/sys/kernel/ns_last_pid; setsid sh -c 'echo 1000 "
                      ">/proc/sys/kernel/ns_last_pid; sleep 100004 & exec sleep "
                      "100003' </dev/null >/dev/null 2>&1 & echo $!");
  }

 private:
  Program unshare_;
  pid_t init_ = -1;
};

// superd in there.
class Inside {
 public:
  Inside(const Site& site, const PidNamespace& space, bool old_kernel)
      : log_(::open(site.path("superd.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                    0644)),
        program_(command(site, space, old_kernel),
                 {.env = {}, .directory = "", .out = log_.get(), .err = log_.get()}) {
    wait_until(kSoon, [&] { return program_.ended() || site.ctl({"ping"}).exit == 0; });
  }
  Program& program() { return program_; }

 private:
  static std::vector<std::string> command(const Site& site, const PidNamespace& space,
                                          bool old_kernel) {
    std::vector<std::string> words = space.enter();
    if (old_kernel) {
      words.insert(words.end(), {"env", "LD_PRELOAD=" + programs().faults, "FAULTS_NO_PIDFS=1"});
    }
    words.insert(words.end(), {programs().superd, "-c", site.config()});
    return words;
  }

  UniqueFd log_;
  Program program_;
};

bool has(const std::vector<pid_t>& all, pid_t one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

void come_back_among_strangers(bool old_kernel, bool journal) {
  INFO((old_kernel ? "without pidfs" : "with pidfs")
       << (journal ? ", with the journal" : ", without a journal"));
  Site site(R"(
[group.web]
command = ["@WORKER@", "serve"]
workers = 3
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
stop    = { timeout = "5s" }
)");
  const PidNamespace space;
  std::vector<pid_t> reused;
  pid_t survivor = -1;
  {
    Inside superd(site, space, old_kernel);
    REQUIRE(site.reaches("web", "running"));
    reused = {site.main_pid("web.1"), site.main_pid("web.3")};
    survivor = site.main_pid("web.2");
    for (const char* process : {"superd: keeper", "superd: supervisor", "superd: logger"}) {
      for (const pid_t pid : space.running(process)) ::kill(pid, SIGKILL);
    }
    REQUIRE(superd.program().wait(kSoon).has_value());
    // One whose parent just dies may be missing in a look; and that parent has to reap it.
    REQUIRE(wait_until(kSoon, [&] {
      for (const pid_t pid : space.running(programs().worker)) {
        if (has(reused, PidNamespace::inside(pid))) ::kill(pid, SIGKILL);
      }
      return std::all_of(reused.begin(), reused.end(), [&](pid_t pid) {
        return space.run_inside("test ! -d /proc/" + std::to_string(pid)).exit == 0;
      });
    }));
  }
  if (!journal) ::unlink(site.path("run/journal").c_str());
  // What is run from here on takes none of them by chance.
  REQUIRE(space.run_inside("echo 500 >/proc/sys/kernel/ns_last_pid").exit == 0);
  std::size_t strangers = 0;
  for (const pid_t pid : reused) {
    REQUIRE(space.start_stranger(pid).out == std::to_string(pid) + "\n");
    ++strangers;
    // Its child is made before the next PID is chosen.
    REQUIRE(wait_until(kSoon, [&] {
      return space.running("sleep 100003").size() == strangers &&
             space.running("sleep 100004").size() == strangers;
    }));
  }
  const auto strangers_live = [&] {
    return space.running("sleep 100003").size() == 2 && space.running("sleep 100004").size() == 2;
  };

  Inside superd(site, space, old_kernel);
  REQUIRE(site.reaches("web", "running"));
  CHECK(site.main_pid("web.2") == survivor);
  CHECK(strangers_live());
  for (const pid_t pid : reused) {
    CHECK(!has(site.pids("web"), pid));
    CHECK(site.ctl({"whose", std::to_string(pid)}).exit == 1);
  }
  CHECK(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.ctl({"signal", "--all", "CONT", "web"}).exit == 0);
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(strangers_live());
  CHECK(site.ctl({"shutdown"}).exit == 0);
  CHECK(superd.program().wait(60s) == 0);
  CHECK(strangers_live());
  for (const char* stranger : {"sleep 100003", "sleep 100004"}) {
    for (const pid_t pid : space.running(stranger)) ::kill(pid, SIGKILL);
  }
}

}  // namespace

TEST_CASE("a stranger that has the PID of a worker is neither signalled nor taken for it",
          "[root][nocgroup]") {
  if (::access("/usr/bin/unshare", X_OK) != 0) skip("unshare is not installed");
  come_back_among_strangers(true, true);
}

TEST_CASE("strangers with the PIDs of workers, with and without pidfs and a journal", "[full]") {
  if (mode() == Mode::user || ::access("/usr/bin/unshare", X_OK) != 0) {
    skip("no PID namespace of our own here");
  }
  const bool old_kernel = GENERATE(false, true);
  const bool journal = GENERATE(true, false);
  come_back_among_strangers(old_kernel, journal);
}

}  // namespace superd::scenario
