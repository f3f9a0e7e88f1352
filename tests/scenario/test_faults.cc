#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../fakes/faults.h"
#include "harness/shortage.h"
#include "harness/superd.h"

// Each kernel call of what superd does fails once, by its number (tests/fakes/faults.c): whatever
// comes of it, superd is in order behind it.
namespace superd::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostCalls = 600;
constexpr const char* kRoleNames[] = {"keeper", "supervisor", "logger"};

std::string config_of(int workers) {
  return R"([superd]
runtime_dir = "@DIR@/run"
log_dir = "@DIR@/log"

[group.web]
command = ["@WORKER@", "serve"]
workers = )" +
         std::to_string(workers) + R"(
listen  = ["@ADDRESS@", "unix:@DIR@/web.sock"]
ready   = { when = "listening", timeout = "5s" }
stop    = { timeout = "3s" }
respawn = { backoff = { min = "10ms", max = "50ms" } }
)";
}

// The file that the library and the test map.
class Board {
 public:
  explicit Board(const Site& site) : path_(site.path("faults")) {
    const UniqueFd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::ftruncate(file.get(), sizeof(Faults) * FAULTS_ROLES) == 0);
    void* at = ::mmap(nullptr, sizeof(Faults) * FAULTS_ROLES, PROT_READ | PROT_WRITE, MAP_SHARED,
                      file.get(), 0);
    REQUIRE(at != MAP_FAILED);
    faults_ = static_cast<Faults*>(at);
  }
  ~Board() { ::munmap(faults_, sizeof(Faults) * FAULTS_ROLES); }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  [[nodiscard]] std::vector<std::string> command() const {
    return {"env", "LD_PRELOAD=" + programs().faults, "FAULTS_FILE=" + path_};
  }
  [[nodiscard]] Faults& of(int role) const { return faults_[role]; }
  void arm(int role, std::uint64_t number, std::uint32_t choice) const {
    Faults& faults = of(role);
    faults.error = 0;
    faults.count = 0;
    faults.fail_at = number;
    faults.choice = choice;
    __atomic_store_n(&faults.armed, 1, __ATOMIC_SEQ_CST);
  }
  void take_all_descriptors(int role, std::uint64_t number) const {
    of(role).lasting = 1;
    arm(role, number, 0);
  }
  void disarm() const {
    for (int role = 0; role < FAULTS_ROLES; ++role) {
      __atomic_store_n(&of(role).armed, 0, __ATOMIC_SEQ_CST);
      of(role).lasting = 0;
    }
  }

 private:
  std::string path_;
  Faults* faults_ = nullptr;
};

// Every process below the test that runs the worker's command, whoever is its parent.
std::set<pid_t> workers_of(const Site& site) {
  std::set<pid_t> found;
  for (const pid_t pid : proc::descendants(::getpid())) {
    const std::string command = proc::command(pid);
    if (proc::alive(pid) && command.starts_with(programs().worker) &&
        proc::environment(pid)["SUPERD_SOCKET"].starts_with(site.dir())) {
      found.insert(pid);
    }
  }
  return found;
}

std::set<pid_t> set_of(const std::vector<pid_t>& pids) { return {pids.begin(), pids.end()}; }

struct Deed {
  const char* name;
  std::size_t workers_before;  // 0: stopped
  bool kills;
  std::function<void(Site&, Superd&)> act;
};

// What superd was asked for may have failed, with an answer: never may it hang.
void ask(const Site& site, const std::vector<std::string>& command) {
  const Outcome outcome = site.ctl(command);
  INFO(outcome.err);
  CHECK(outcome.exit != -1);
  CHECK(outcome.exit < 128);
  if (outcome.exit != 0) CHECK(!outcome.err.empty());
}

const std::vector<Deed>& deeds() {
  static const std::vector<Deed> all = {
      {"start", 0, false,
       [](Site& site, Superd&) {
         ask(site, {"start", "web"});
       }},
      {"roll", 2, false,
       [](Site& site, Superd&) {
         ask(site, {"restart", "web"});
       }},
      {"apply", 2, false,
       [](Site& site, Superd&) {
         site.write("superd.toml", config_of(3));
         ask(site, {"apply"});
       }},
      {"recovery", 2, true,
       [](Site& site, Superd& superd) {
         const std::set<pid_t> before = workers_of(site);
         CHECK(superd.kill_supervisor());
         CHECK(wait_until(kSoon, [&] { return set_of(site.main_pids("web")) == before; }));
         CHECK(workers_of(site) == before);
       }},
      {"stop", 2, false,
       [](Site& site, Superd&) {
         ask(site, {"stop", "web"});
       }},
  };
  return all;
}

const Deed& deed_named(const std::string& name) {
  return *std::find_if(deeds().begin(), deeds().end(),
                       [&](const Deed& deed) { return deed.name == name; });
}

// What each of the workers says comes into its log.
bool all_are_heard(const Site& site) {
  std::vector<std::pair<std::string, std::size_t>> before;
  const nlohmann::json group = site.group("web");
  for (const nlohmann::json& worker : group.at("workers")) {
    const std::string file = "log/" + worker.at("name").get<std::string>() + ".log";
    before.emplace_back(file, site.read(file).size());
    ::kill(worker.at("pid").get<pid_t>(), SIGUSR1);
  }
  return !before.empty() && wait_until(kSoon, [&] {
    return std::ranges::all_of(
        before, [&](const auto& log) { return site.read(log.first).size() > log.second; });
  });
}

// superd answers, does what it is asked for, and every process is known and in its place.
void bring_to(Site& site, Superd& superd, std::size_t workers) {
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  site.write("superd.toml", config_of(2));
  CHECK(wait_until(kSoon, [&] { return site.ctl({"apply"}).exit == 0; }));
  if (workers == 0) {
    CHECK(wait_until(kSoon, [&] { return site.ctl({"stop", "web"}).exit == 0; }));
    CHECK(site.state("web") == "stopped");
    CHECK(wait_until(kSoon, [&] { return workers_of(site).empty(); }));
  } else {
    CHECK(wait_until(kSoon, [&] { return site.ctl({"start", "web"}).exit == 0; }));
    CHECK(site.reaches("web", "running"));
    CHECK(wait_until(kSoon, [&] {
      const std::set<pid_t> mains = set_of(site.main_pids("web"));
      return mains.size() == workers && mains == workers_of(site);
    }));
    CHECK(get(site.address(), "/pid").status == 200);
    CHECK(all_are_heard(site));
  }
  CHECK(wait_until(kSoon, [&] { return proc::zombies_below(superd.keeper()).empty(); }));
}

struct Descriptors {
  std::size_t count = 0;  // of all three processes
  std::string text;       // for a test that fails
};

Descriptors count_descriptors(const Superd& superd) {
  Descriptors all;
  for (const pid_t pid : {superd.keeper(), superd.supervisor(), superd.logger()}) {
    all.text += proc::command(pid).substr(0, 18) + ":";
    for (const int fd : descriptors(pid)) {
      std::error_code gone;
      const std::string name = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
      all.text += " " + fs::read_symlink(name, gone).string();
      ++all.count;
    }
    all.text += "\n";
  }
  return all;
}

class Injection {
 public:
  Injection()
      : site_(config_of(2)),
        board_(site_),
        superd_(site_, Superd::Await::control, board_.command()) {
    REQUIRE(site_.reaches("web", "running"));
    bring_to(site_, superd_, 0);
    descriptors_ = count_descriptors(superd_);
  }

  // How many calls the role makes in it.
  std::uint64_t count(const Deed& deed, int role) {
    bring_to(site_, superd_, deed.workers_before);
    board_.arm(role, 0, 0);
    deed.act(site_, superd_);
    board_.disarm();
    return board_.of(role).count;
  }

  void fail(const Deed& deed, int role, std::uint64_t number, std::uint32_t choice) {
    bring_to(site_, superd_, deed.workers_before);
    board_.arm(role, number, choice);
    deed.act(site_, superd_);
    board_.disarm();
    const Faults& faults = board_.of(role);
    INFO(deed.name << ", " << kRoleNames[role] << ", call " << number << ", choice " << choice
                   << ": " << faults.call << ", " << std::strerror(static_cast<int>(faults.error)));
    if (faults.error != 0) ++failed_;
    bring_to(site_, superd_, 2);
  }

  // A supervisor that dies is followed by ones that find no descriptor from the n-th call on.
  void fail_to_begin(std::uint64_t number) {
    bring_to(site_, superd_, 2);
    const std::set<pid_t> before = workers_of(site_);
    board_.take_all_descriptors(FAULTS_SUPERVISOR, number);
    const pid_t killed = superd_.supervisor();
    REQUIRE(::kill(killed, SIGKILL) == 0);
    wait_until(1s,
               [&] { return superd_.log().find("exited with status 75") != std::string::npos; });
    board_.disarm();
    INFO("from call " << number << " on");
    bring_to(site_, superd_, 2);
    CHECK(set_of(site_.main_pids("web")) == before);
    CHECK(superd_.log().find("journal aside") == std::string::npos);
  }

  // Nothing is left of it but what is left of any superd.
  void end() {
    bring_to(site_, superd_, 0);
    Descriptors now;
    const bool as_before = wait_until(kSoon, [&] {
      now = count_descriptors(superd_);
      return now.count <= descriptors_.count;
    });
    INFO(descriptors_.text << "and now\n" << now.text);
    CHECK(as_before);
    CHECK(site_.ctl({"shutdown"}).exit == 0);
    CHECK(superd_.program().wait(60s) == 0);
    CHECK(workers_of(site_).empty());
    for (const char* gone : {"web.sock", "run/control.sock", "run/worker.sock", "run/journal",
                             "run/notify", "run/sockets", "run/superd.pid"}) {
      INFO(gone);
      CHECK(!fs::exists(site_.path(gone)));
    }
    if (failed_ > 1) WARN(failed_ << " calls failed");
  }

 private:
  Site site_;
  Board board_;
  Superd superd_;
  Descriptors descriptors_;
  int failed_ = 0;
};

void fail_each(const Deed& deed, int role) {
  std::optional<Injection> injection(std::in_place);
  const std::uint64_t calls = injection->count(deed, role);
  // Without cgroups a look at all processes is thousands of calls, alike: some of them have to do.
  const std::uint64_t step = calls / kMostCalls + 1;
  for (std::uint64_t number = 1; number <= calls; number += step) {
    // A supervisor that is killed often waits before it begins again, and distrusts the journal.
    if (deed.kills) {
      injection->end();
      injection.emplace();
    }
    injection->fail(deed, role, number, static_cast<std::uint32_t>(number));
  }
  injection->end();
}

}  // namespace

TEST_CASE("faults: a kernel call that fails once leaves superd in order", "[all]") {
  const auto seed = static_cast<std::uint32_t>(std::random_device()());
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Injection injection;
  for (const Deed& deed : deeds()) {
    const std::uint64_t calls = injection.count(deed, FAULTS_SUPERVISOR);
    REQUIRE(calls > 0);
    injection.fail(deed, FAULTS_SUPERVISOR, 1 + random() % calls,
                   static_cast<std::uint32_t>(random()));
  }
  injection.end();
}

TEST_CASE("faults: a supervisor that finds no descriptor at its start loses no worker", "[all]") {
  std::mt19937 random(std::random_device{}());
  Injection injection;
  const std::uint64_t number = 1 + random() % 60;
  injection.fail_to_begin(number);
  injection.end();
}

TEST_CASE("faults: wherever the descriptors of a supervisor that begins run out, no worker is lost",
          "[full]") {
  for (std::uint64_t number = 1; number < 200; number += 3) {
    Injection injection;
    injection.fail_to_begin(number);
    injection.end();
  }
}

TEST_CASE(
    "faults: every kernel call of the supervisor in a start fails once, and superd is in order",
    "[full]") {
  fail_each(deed_named("start"), FAULTS_SUPERVISOR);
}

TEST_CASE(
    "faults: every kernel call of the supervisor in a roll fails once, and superd is in order",
    "[full]") {
  fail_each(deed_named("roll"), FAULTS_SUPERVISOR);
}

TEST_CASE(
    "faults: every kernel call of the supervisor in an apply fails once, and superd is in order",
    "[full]") {
  fail_each(deed_named("apply"), FAULTS_SUPERVISOR);
}

TEST_CASE(
    "faults: every kernel call of the supervisor in a recovery fails once, and superd is in order",
    "[full]") {
  fail_each(deed_named("recovery"), FAULTS_SUPERVISOR);
}

TEST_CASE(
    "faults: every kernel call of the supervisor in a stop fails once, and superd is in order",
    "[full]") {
  fail_each(deed_named("stop"), FAULTS_SUPERVISOR);
}

TEST_CASE("faults: every kernel call of keeper and logger fails once, and superd is in order",
          "[full]") {
  for (const int role : {FAULTS_KEEPER, FAULTS_LOGGER}) {
    for (const Deed& deed : deeds()) {
      DYNAMIC_SECTION(kRoleNames[role] << ", " << deed.name) { fail_each(deed, role); }
    }
  }
}

}  // namespace superd::scenario
