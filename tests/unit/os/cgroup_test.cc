#include "os/cgroup.h"

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/cgroup_mount.h"
#include "os/process_table.h"
#include "os/read_file.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

// The root for a directory that only this process can have; nothing, with a word, where this
// machine offers no cgroup to write in.
std::optional<CgroupRoot> root_or_skip(const TempDir& dir) {
  Result<CgroupRoot> root = CgroupRoot::open(dir.path());
  if (root) return std::move(*root);
  skip(root.error().message);
  return std::nullopt;
}

bool remove_in_time(const CgroupRoot& root, const std::string& name) {
  return wait_until([&] { return root.remove(name).has_value(); });
}

Spawned start_in(const CgroupRoot& root, const std::string& name, const std::string& script) {
  const Result<UniqueFd> procs = root.create(name);
  REQUIRE(procs);
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.env = {"PATH=/usr/bin:/bin"};
  request.cgroup_procs_fd = procs->get();
  Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  const ExecReport report = wait_for_report(*spawned);
  if (report.failure) FAIL(describe(*report.failure, request));
  return std::move(*spawned);
}

// In a new session twice over, without an environment, its parents gone.
const char* const kDaemonise = "setsid -f setsid -f env -i /bin/sleep 600; exit 0";

}  // namespace

TEST_CASE("cgroup: opening leaves nothing behind but the empty root", "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  CHECK(root->list()->empty());
  CHECK(root->remove_root());
  CHECK_FALSE(std::filesystem::exists(root->path()));
}

TEST_CASE(
    "cgroup: the probe of a superd that was killed meanwhile is removed, a living one is left",
    "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  // Of a PID that no kernel gives, and of a process that lives.
  const std::string dead = "probe-999999999";
  const std::string alive = fmt::format("probe-{}", ::getppid());
  for (const std::string& name : {dead, alive, std::string("7")}) REQUIRE(root->create(name));

  const auto again = CgroupRoot::open(dir.path());

  REQUIRE(again);
  CHECK_THAT(*again->list(), Catch::UnorderedEquals(std::vector<std::string>{"7", alive}));
  for (const std::string& name : {alive, std::string("7")}) CHECK(again->remove(name));
  CHECK(again->remove_root());
}

TEST_CASE("cgroup: a daemonised grandchild is found in its cgroup and dies with it", "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const Spawned spawned = start_in(*root, "s1", kDaemonise);
  wait_for_exit(spawned);
  std::vector<pid_t> pids;
  CHECK(wait_until([&] {
    pids = *root->pids("s1");
    return pids.size() == 1 && command_line(pids.front()) == "/bin/sleep 600";
  }));
  CHECK(*root->populated("s1"));
  CHECK(*root->owner_of(pids.front()) == "s1");
  CHECK(*root->list() == std::vector<std::string>{"s1"});
  CHECK(root->remove("s1").error().code == EBUSY);

  REQUIRE(root->kill("s1"));
  CHECK(wait_until([&] { return !*root->populated("s1"); }));
  CHECK(wait_until([&] { return reap_next()->has_value(); }));
  while (reap_next()->has_value()) {
  }
  CHECK(remove_in_time(*root, "s1"));
  CHECK(root->remove("s1"));
  CHECK(root->pids("s1")->empty());
  CHECK_FALSE(*root->populated("s1"));
  CHECK(root->remove_root());
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("cgroup: cgroups that a worker makes below its own are listed and removed", "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  const Spawned spawned = start_in(*root, "s2", "exec /bin/sleep 600");
  for (const char* below : {"/s2/a", "/s2/a/b", "/s2/c"}) {
    REQUIRE(::mkdir((root->path() + below).c_str(), 0755) == 0);
  }
  REQUIRE(write_file(root->path() + "/s2/a/b/cgroup.procs", std::to_string(spawned.pid)));
  CHECK(*root->pids("s2") == std::vector<pid_t>{spawned.pid});
  CHECK(*root->owner_of(spawned.pid) == "s2");
  REQUIRE(root->kill("s2"));
  CHECK(wait_for_exit(spawned) == Exit{.kind = Exit::Kind::signalled, .value = SIGKILL});
  CHECK(remove_in_time(*root, "s2"));
  CHECK(root->remove_root());
}

TEST_CASE("cgroup: its becoming empty wakes whoever polls its events", "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  const Spawned spawned = start_in(*root, "s3", "exec /bin/sleep 600");
  const Result<UniqueFd> events = root->open_events("s3");
  REQUIRE(events);
  CHECK(*CgroupRoot::read_events(events->get()));
  pollfd changed{.fd = events->get(), .events = POLLPRI, .revents = 0};
  CHECK(::poll(&changed, 1, 0) == 0);
  REQUIRE(root->kill("s3"));
  CHECK(::poll(&changed, 1, 10000) == 1);
  CHECK((changed.revents & POLLPRI) != 0);
  CHECK(wait_until([&] { return !*CgroupRoot::read_events(events->get()); }));
  wait_for_exit(spawned);
  CHECK(remove_in_time(*root, "s3"));
  CHECK_FALSE(*CgroupRoot::read_events(events->get()));
  CHECK(root->remove_root());
}

TEST_CASE("cgroup: a name is used once, and names no other place", "[os]") {
  const TempDir dir;
  const auto root = root_or_skip(dir);
  if (!root) return;
  REQUIRE(root->create("s4"));
  CHECK(root->create("s4").error().code == EEXIST);
  for (const char* bad : {"", ".", "..", "../x", "a/b", "/", ".hidden"}) {
    CHECK(root->create(bad).error().code == EINVAL);
    CHECK(root->kill(bad).error().code == EINVAL);
    CHECK(root->remove(bad).error().code == EINVAL);
    CHECK(root->pids(bad).error().code == EINVAL);
  }
  CHECK_FALSE(root->owner_of(::getpid())->has_value());
  CHECK_FALSE(root->owner_of(0x3ffffff)->has_value());
  CHECK(root->remove("s4"));
  CHECK(root->remove_root());
}

TEST_CASE("cgroup: two runtime directories have two roots, one has the same again", "[os]") {
  const TempDir dir;
  const TempDir other;
  const auto root = root_or_skip(dir);
  const auto elsewhere = root_or_skip(other);
  if (!root || !elsewhere) return;
  CHECK(root->path() != elsewhere->path());
  REQUIRE(root->create("left-over"));
  const auto again = root_or_skip(dir);
  CHECK(again->path() == root->path());
  CHECK(*again->list() == std::vector<std::string>{"left-over"});
  CHECK(again->remove("left-over"));
  CHECK(again->remove_root());
  CHECK(elsewhere->remove_root());
}

TEST_CASE("cgroup: an ordinary user without a delegated cgroup is told why there is none", "[os]") {
  if (!is_root()) return skip("needs root to choose the cgroup");
  const std::string text = as_ordinary_user([]() -> std::string {
    const Result<CgroupRoot> root = CgroupRoot::open("/tmp/superd-ordinary");
    return root ? "made " + root->path() : root.error().message;
  });
  const bool says_why =
      text.starts_with("cannot make cgroup ") || text == "cgroup v2 is not mounted";
  CHECK((says_why ? "" : text) == "");
}

TEST_CASE("cgroup: an ordinary user uses the cgroup that is delegated to him", "[os]") {
  const TempDir dir;
  const auto places = cgroup_places();
  if (!is_root() || !places) return skip("needs root and cgroup v2");
  const std::string delegated = fmt::format("{}/superd-test-{}", places->front().path, ::getpid());
  if (::mkdir(delegated.c_str(), 0755) != 0) return skip("cgroup v2 is not writable");
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"}) {
    REQUIRE(::chown((delegated + file).c_str(), kOrdinaryUid, kOrdinaryUid) == 0);
  }
  const Result<std::string> before = read_file("/proc/self/cgroup");
  REQUIRE(write_file(delegated + "/cgroup.procs", "0"));
  const std::string wrong = as_ordinary_user([&]() -> std::string {
    const Result<CgroupRoot> root = CgroupRoot::open(dir.path());
    if (!root) return root.error().message;
    const Spawned spawned = start_in(*root, "mine", "exec /bin/sleep 600");
    const Result<std::vector<pid_t>> pids = root->pids("mine");
    if (pids != std::vector<pid_t>{spawned.pid}) return "not found in its cgroup";
    if (!root->kill("mine")) return "not killed";
    wait_for_exit(spawned);
    if (!remove_in_time(*root, "mine")) return "not removed";
    const Status removed = root->remove_root();
    return removed ? "" : removed.error().message;
  });
  CHECK(wrong == "");
  const std::string home = cgroup2_of(*before).value();
  const std::string top = places->front().kernel_path == "/" ? places->front().path : "";
  REQUIRE(write_file(top + home + "/cgroup.procs", "0"));
  CHECK(wait_until([&] { return ::rmdir(delegated.c_str()) == 0; }));
}
