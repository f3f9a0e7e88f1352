#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/mode.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kGroup = R"(
[group.web]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
stop    = { timeout = "20s" }
)";

// As systemctl show answers; `KillMode` and so on are left to the test.
constexpr const char* kSystemctl = R"(#!/bin/sh
test "$1 $3" = "show doctor-test.service" || exit 1
cat @DIR@/unit
)";

nlohmann::json find(const nlohmann::json& document, const std::string& what) {
  for (const auto& finding : document.at("findings")) {
    if (finding.at("what") == what) return finding;
  }
  return {{"verdict", "not found"}, {"message", ""}, {"remedy", ""}};
}

// Where cgroup v2 is mounted.
std::string cgroup_mount() {
  std::ifstream mounts("/proc/self/mounts");
  std::string device;
  std::string place;
  std::string type;
  std::string rest;
  while (mounts >> device >> place >> type && std::getline(mounts, rest)) {
    if (type == "cgroup2") return place;
  }
  return "";
}

// A cgroup that looks like a unit's, from inside it.
class UnitCgroup {
 public:
  UnitCgroup() : path_(cgroup_mount() + "/doctor-test.service") {
    std::filesystem::create_directory(path_);
  }
  ~UnitCgroup() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  UnitCgroup(const UnitCgroup&) = delete;
  UnitCgroup& operator=(const UnitCgroup&) = delete;
  // Words before a program's own that put it into the cgroup.
  [[nodiscard]] std::vector<std::string> under() const {
    return {"sh", "-c", "echo $$ >" + path_ + "/cgroup.procs && exec \"$0\" \"$@\""};
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("doctor: without a superd it tells what the machine offers to this user", "[all]") {
  const Site site(kGroup);
  const Outcome outcome = site.ctl({"doctor"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.find("no superd runs at " + site.control()) != std::string::npos);
  std::istringstream lines(outcome.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const bool ok = line.rfind("ok       ", 0) == 0;
    const bool missing = line.rfind("missing  ", 0) == 0;
    INFO(line);
    CHECK((ok || missing));
    CHECK((line.find(" -- remedy: ") != std::string::npos) == missing);
  }
  CHECK(count > 10);
  const nlohmann::json found = site.json({"doctor"});
  CHECK(found.at("of") == "machine");
  // An ordinary user may have a delegated subtree.
  if (::geteuid() == 0) {
    CHECK(find(found, "tracking").at("verdict") == (cgroups_writable() ? "ok" : "missing"));
  }
  CHECK(find(found, "kernel: pidfd_open").at("verdict") == "ok");
}

TEST_CASE("doctor: a superd that runs tells what it has, and where its journal is", "[all]") {
  Site site(kGroup);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const nlohmann::json found = site.json({"doctor"});
  CHECK(found.at("of") == "superd");
  const nlohmann::json tracking = find(found, "tracking");
  CHECK(tracking.at("verdict") == (site.has_cgroups() ? "ok" : "missing"));
  CHECK(tracking.at("message").get<std::string>().find(
            site.json({"ping"}).at("tracking").get<std::string>()) == 0);
  const nlohmann::json journal = find(found, "journal");
  CHECK(journal.at("verdict") == "ok");
  CHECK(journal.at("message").get<std::string>().find(site.dir()) == 0);
  CHECK(find(found, "service: manager").at("verdict") != "not found");
}

TEST_CASE("doctor: in a unit whose settings would lose workers it says which, and exits with 1",
          "[root]") {
  if (!cgroups_writable()) skip("cgroup v2 cannot be written here");
  const UnitCgroup cgroup;
  Site site(kGroup);
  std::filesystem::create_directory(site.path("bin"));
  site.write("bin/systemctl", site.expand(kSystemctl));
  std::filesystem::permissions(site.path("bin/systemctl"), std::filesystem::perms::owner_all);
  const Superd superd(site, Superd::Await::control, cgroup.under());
  REQUIRE(site.reaches("web", "running"));
  const auto doctor = [&](const std::string& settings) {
    site.write("unit", "MainPID=" + std::to_string(superd.keeper()) + "\n" + settings);
    return run({"env", "PATH=" + site.path("bin") + ":/usr/bin:/bin", programs().superctl, "-s",
                site.control(), "doctor"});
  };
  const Outcome bad = doctor(
      "KillMode=control-group\nRestart=no\nDelegate=no\nTimeoutStopUSec=15s\n"
      "OOMPolicy=stop\n");
  CHECK(bad.exit == 1);
  for (const char* line :
       {"problem  service: KillMode: control-group", "-- remedy: KillMode=process\n",
        "problem  service: Delegate: no", "problem  service: Restart: no",
        "problem  service: TimeoutStopSec: 15s, and the groups may take 20s to stop",
        "problem  service: OOMPolicy: stop", "missing  service: descriptor store: "}) {
    CHECK_THAT(bad.out, Catch::Contains(line));
  }
  const Outcome good = doctor(
      "KillMode=process\nRestart=on-failure\nDelegate=yes\nTimeoutStopUSec=infinity\n"
      "OOMPolicy=continue\nNotifyAccess=main\nFileDescriptorStoreMax=4096\n");
  CHECK(good.exit == 0);
  CHECK_THAT(good.out, Catch::Contains("ok       service: manager: systemd, doctor-test.service"));
}

}  // namespace superd::scenario
