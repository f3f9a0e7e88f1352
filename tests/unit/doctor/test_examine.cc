#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "doctor/examine.h"
#include "find.h"

namespace superd::doctor {
namespace {

const Tracking kCgroups{.cgroups = true, .description = "cgroup v2, /sys/fs/cgroup/superd-1"};

Machine good_machine() {
  return {.root = true,
          .may_trace = true,
          .features = {},
          .open_files = 524288,
          .pipe_pages = 16384,
          .inotify_instances = 1024,
          .inotify_watches = 65536};
}

Running good_running() {
  return {.workers = 10, .journal = "/run/superd/journal", .journal_bytes = 4096};
}

}  // namespace

TEST_CASE("doctor: where everything is there everything is ok", "[doctor]") {
  for (const Finding& finding : examine(good_machine(), kCgroups, good_running())) {
    INFO(finding.what);
    CHECK(finding.verdict == Verdict::ok);
    CHECK(finding.remedy.empty());
  }
}

TEST_CASE("doctor: tracking without cgroups says why, and what to do as root and as a user",
          "[doctor]") {
  const Tracking none{.cgroups = false, .description = "cannot make cgroup /a: Read-only"};
  Machine machine = good_machine();
  const Finding as_root = find(examine(machine, none), "tracking");
  CHECK(as_root.verdict == Verdict::missing);
  CHECK(as_root.message.find("cannot make cgroup /a: Read-only") != std::string::npos);
  CHECK(as_root.remedy.find("mount cgroup v2") == 0);
  machine.root = false;
  CHECK(find(examine(machine, none), "tracking").remedy ==
        "run superd as a service with Delegate=yes, or as root");
}

TEST_CASE("doctor: too few descriptors for the workers are a problem, and the remedy has a number",
          "[doctor]") {
  Machine machine = good_machine();
  machine.open_files = 1024;
  Running running = good_running();
  running.workers = 128;
  CHECK(find(examine(machine, kCgroups, running), "limits: open files").verdict == Verdict::ok);
  running.workers = 129;
  const Finding finding = find(examine(machine, kCgroups, running), "limits: open files");
  CHECK(finding.verdict == Verdict::problem);
  CHECK(finding.message == "1024 descriptors, and superd may need 1031 at a time with 129 workers");
  CHECK(finding.remedy == "LimitNOFILE=1934 or more (or ulimit -Hn) for superd");
  // Superd alone would want more.
  machine.open_files = 100;
  running.workers = 4;
  CHECK(find(examine(machine, kCgroups, running), "limits: open files").message ==
        "100 descriptors, and superd may need 156 at a time with 4 workers");
}

TEST_CASE("doctor: an ordinary user's pipes are small after the first thousand", "[doctor]") {
  Machine machine = good_machine();
  Running running = good_running();
  running.workers = 513;
  CHECK(find(examine(machine, kCgroups, running), "limits: pipes").verdict == Verdict::ok);
  machine.root = false;
  const Finding finding = find(examine(machine, kCgroups, running), "limits: pipes");
  CHECK(finding.verdict == Verdict::missing);
  CHECK(finding.remedy == "sysctl fs.pipe-user-pages-soft=32832");
  running.workers = 512;
  CHECK(find(examine(machine, kCgroups, running), "limits: pipes").verdict == Verdict::ok);
  machine.pipe_pages = 0;  // no bound
  running.workers = 5000;
  CHECK(find(examine(machine, kCgroups, running), "limits: pipes").verdict == Verdict::ok);
}

TEST_CASE("doctor: triggers that look by themselves are shown with the reason and the remedy",
          "[doctor]") {
  Running running = good_running();
  running.looking = {{"web",
                      "there are as many inotify watches as there may be: raise "
                      "fs.inotify.max_user_watches"}};
  CHECK(find(examine(good_machine(), kCgroups, running), "triggers: web") ==
        Finding{.what = "triggers: web",
                .verdict = Verdict::missing,
                .message = "changes are found by looking every few seconds: there are as many "
                           "inotify watches as there may be",
                .remedy = "raise fs.inotify.max_user_watches; superd tries again by itself"});
  running.looking = {{"web", "/srv may not be listed"}};
  CHECK(find(examine(good_machine(), kCgroups, running), "triggers: web").message ==
        "changes are found by looking every few seconds: /srv may not be listed");
}

TEST_CASE("doctor: few inotify instances are missing some", "[doctor]") {
  Machine machine = good_machine();
  machine.inotify_instances = 8;
  const Finding finding = find(examine(machine, kCgroups), "limits: inotify");
  CHECK(finding.verdict == Verdict::missing);
  CHECK(finding.remedy == "sysctl fs.inotify.max_user_instances=128");
}

TEST_CASE("doctor: a journal that cannot be written is a problem", "[doctor]") {
  Running running = good_running();
  CHECK(find(examine(good_machine(), kCgroups, running), "journal").message ==
        "/run/superd/journal, 4KiB");
  running.journal_fails = true;
  CHECK(find(examine(good_machine(), kCgroups, running), "journal").verdict == Verdict::problem);
}

TEST_CASE("doctor: root without CAP_SYS_PTRACE may not look at every worker", "[doctor]") {
  Machine machine = good_machine();
  machine.may_trace = false;
  CHECK(find(examine(machine, kCgroups), "rights: looking at workers").verdict == Verdict::missing);
  machine.root = false;
  CHECK(find(examine(machine, kCgroups), "rights: looking at workers").verdict == Verdict::ok);
  CHECK(find(examine(machine, kCgroups), "rights: users").verdict == Verdict::missing);
}

}  // namespace superd::doctor
