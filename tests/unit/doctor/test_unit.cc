#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "doctor/unit_findings.h"
#include "find.h"

namespace superd::doctor {
namespace {

using namespace std::chrono_literals;

constexpr pid_t kKeeper = 812;
const Unit kUnit{.name = "superd.service"};

// As etc/systemd/superd.service has it.
constexpr const char* kGood = R"(MainPID=812
KillMode=process
Restart=on-failure
OOMPolicy=continue
NotifyAccess=main
Delegate=yes
FileDescriptorStoreMax=4096
TimeoutStopUSec=infinity
RuntimeDirectory=superd
RuntimeDirectoryPreserve=yes
StartLimitIntervalUSec=0
StartLimitBurst=5
)";

Findings with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return examine(
      {.keeper = kKeeper, .stop_time = 95s, .unit = kUnit, .facts = parse_unit_facts(text)});
}

}  // namespace

TEST_CASE("doctor: the settings of superd's own unit file are ok", "[doctor]") {
  const Findings findings = with("", "");
  CHECK(findings.size() == 9);
  for (const Finding& finding : findings) {
    INFO(finding.what << ": " << finding.message);
    CHECK(finding.verdict == Verdict::ok);
  }
}

TEST_CASE("doctor: a runtime directory and a start limit that harm nothing are ok", "[doctor]") {
  const auto is_ok = [](const std::string& from, const std::string& to, const std::string& what) {
    INFO(to);
    CHECK(find(with(from, to), "service: " + what).verdict == Verdict::ok);
  };
  is_ok("Preserve=yes", "Preserve=restart", "RuntimeDirectoryPreserve");
  // Somebody else makes it, and systemd does not remove it.
  is_ok("RuntimeDirectory=superd\nRuntimeDirectoryPreserve=yes",
        "RuntimeDirectory=\nRuntimeDirectoryPreserve=no", "RuntimeDirectoryPreserve");
  is_ok("IntervalUSec=0\nStartLimitBurst=5", "IntervalUSec=10s\nStartLimitBurst=0",
        "StartLimitIntervalSec");
}

TEST_CASE("doctor: unit settings that would lose workers are problems, with the line to write",
          "[doctor]") {
  const auto check = [](const std::string& from, const std::string& to, const std::string& what,
                        const std::string& remedy) {
    INFO(to);
    const Finding finding = find(with(from, to), "service: " + what);
    CHECK(finding.verdict == Verdict::problem);
    CHECK(finding.remedy == remedy);
  };
  check("KillMode=process", "KillMode=control-group", "KillMode", "KillMode=process");
  check("KillMode=process", "KillMode=mixed", "KillMode", "KillMode=process");
  check("Delegate=yes", "Delegate=no", "Delegate", "Delegate=yes");
  check("Restart=on-failure", "Restart=no", "Restart", "Restart=on-failure");
  check("Restart=on-failure", "Restart=on-success", "Restart", "Restart=on-failure");
  check("Preserve=yes", "Preserve=no", "RuntimeDirectoryPreserve", "RuntimeDirectoryPreserve=yes");
  check("IntervalUSec=0", "IntervalUSec=10s", "StartLimitIntervalSec", "StartLimitIntervalSec=0");
  check("IntervalUSec=0", "IntervalUSec=infinity", "StartLimitIntervalSec",
        "StartLimitIntervalSec=0");
  check("OOMPolicy=continue", "OOMPolicy=stop", "OOMPolicy", "OOMPolicy=continue");
  check("TimeoutStopUSec=infinity", "TimeoutStopUSec=1min 30s", "TimeoutStopSec",
        "TimeoutStopSec=infinity");
}

TEST_CASE("doctor: a stop timeout that is longer than the groups' is ok", "[doctor]") {
  const Finding finding = find(with("=infinity", "=2min"), "service: TimeoutStopSec");
  CHECK(finding.verdict == Verdict::ok);
  CHECK(finding.message == "2m; the groups may take 1m35s to stop");
}

TEST_CASE("doctor: without a descriptor store listening sockets are not kept", "[doctor]") {
  const Finding none = find(with("Max=4096", "Max=0"), "service: descriptor store");
  CHECK(none.verdict == Verdict::missing);
  CHECK(none.remedy == "FileDescriptorStoreMax=4096");
  CHECK(find(with("Access=main", "Access=none"), "service: descriptor store").remedy ==
        "NotifyAccess=main");
}

TEST_CASE("doctor: superd that another unit started ends with it", "[doctor]") {
  const Findings killed = with("MainPID=812\nKillMode=process", "MainPID=7\nKillMode=mixed");
  REQUIRE(killed.size() == 1);
  CHECK(killed[0].verdict == Verdict::problem);
  CHECK(with("MainPID=812", "MainPID=7").at(0).verdict == Verdict::missing);
}

TEST_CASE("doctor: without a service manager nobody starts superd again, but for process 1",
          "[doctor]") {
  CHECK(examine({.keeper = kKeeper}).at(0).verdict == Verdict::missing);
  CHECK(examine({.keeper = 1}).at(0).verdict == Verdict::ok);
  const Unit container{.name = "libpod-81f2.scope"};
  CHECK(examine({.keeper = 1, .unit = container}).at(0).verdict == Verdict::ok);
  const Findings silent =
      examine({.keeper = kKeeper, .unit = kUnit, .facts = fail("systemctl show failed")});
  REQUIRE(silent.size() == 1);
  CHECK(silent[0].message == "the settings of superd.service are not known: systemctl show failed");
}

TEST_CASE("doctor: the unit is found by the cgroup", "[doctor]") {
  CHECK(unit_of("0::/system.slice/superd.service\n") == Unit{.name = "superd.service"});
  CHECK(unit_of("0::/system.slice/superd.service/superd-12ab/17\n") ==
        Unit{.name = "superd.service"});
  CHECK(unit_of("0::/user.slice/user-1000.slice/session-3.scope\n") ==
        Unit{.name = "session-3.scope"});
  CHECK(unit_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/superd.service\n") ==
        Unit{.name = "superd.service", .manager = Unit::Manager::user});
  CHECK(unit_of("12:pids:/x.service\n1:name=systemd:/system.slice/a.service\n0::/\n") ==
        Unit{.name = "a.service"});
  CHECK(!unit_of("0::/\n"));
  CHECK(!unit_of("0::/docker/81f2\n"));
  CHECK(!unit_of(""));
}

TEST_CASE("doctor: times as systemd writes them", "[doctor]") {
  const auto seconds = [](const char* text) {
    const auto time = parse_systemd_time(text);
    REQUIRE(time);
    REQUIRE(*time);
    return std::chrono::duration<double>(**time).count();
  };
  CHECK(seconds("1min 30s") == 90);
  CHECK(seconds("1h 500ms") == 3600.5);
  CHECK(seconds("0") == 0);
  CHECK_FALSE(parse_systemd_time("infinity").value());
  for (const char* text : {"", "soon", "5", "5 apples", "s"}) {
    INFO(text);
    CHECK(!parse_systemd_time(text));
  }
}

}  // namespace superd::doctor
