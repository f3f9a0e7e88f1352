#include <catch2/catch.hpp>

#include "base/time_text.h"
#include "why_text.h"

namespace superd::superctl {
namespace {

Telling telling() {
  return {.now = *parse_time("2026-01-01T00:00:14Z"),
          .user_name = [](std::int64_t uid) { return uid == 0 ? "root" : ""; }};
}

constexpr const char* kSince = "2026-01-01T00:00:02Z";

}  // namespace

TEST_CASE("why: a worker in backoff: its end, the next attempt, what happened, its last lines",
          "[superctl]") {
  const wire::HistoryView history{
      .name = "web.1",
      .state = "backoff",
      .since = kSince,
      .cause = "exit",
      .exit = wire::ExitView{.code = 1, .reason = "exited with status 1"},
      .output = {"Traceback", "bad\x1b[2J"},
      .next = "respawn in 3.2s",
      .message = "exited with status 1",
      .restarts = 5,
      .events = {{{.id = 1,
                   .time = "2026-01-01T00:00:00Z",
                   .event = "worker.spawned",
                   .worker = "web.1",
                   .pid = 4711,
                   .generation = 7,
                   .cause = "exit"},
                  {.id = 2,
                   .time = "2026-01-01T00:00:01Z",
                   .event = "daemon.recovered",
                   .message = "a new supervisor took over"},
                  {.id = 3,
                   .time = kSince,
                   .event = "worker.exited",
                   .worker = "web.1",
                   .pid = 4711,
                   .cause = "exit",
                   .message = "exited with status 1"}}}};
  CHECK(why_text(history, telling()) ==
        "web.1 is backoff since 2026-01-01T00:00:02Z (12s ago): its process exited with status 1\n"
        "  started again by superd 5 times so far\n"
        "  next: respawn in 3.2s\n"
        "  what happened:\n"
        "    2026-01-01T00:00:00Z  process 4711 was started, generation 7\n"
        "    2026-01-01T00:00:01Z  superd: a new supervisor took over\n"
        "    2026-01-01T00:00:02Z  process 4711 exited with status 1\n"
        "  last lines of output:\n"
        "    Traceback\n"
        "    bad\\x1b[2J\n");
}

TEST_CASE("why: a worker that superd gave up says how to start it", "[superctl]") {
  const wire::HistoryView history{
      .name = "web.1",
      .state = "failed",
      .since = kSince,
      .cause = "exit",
      .exit = wire::ExitView{.signal = "KILL", .reason = "was killed by signal 9 (KILL)"},
      .message =
          "was killed by signal 9 (KILL), probably by the kernel's OOM killer; given up "
          "after 5 failures within 60s"};
  CHECK(why_text(history, telling()) ==
        "web.1 is failed since 2026-01-01T00:00:02Z (12s ago): its process was killed by signal 9 "
        "(KILL), probably by the kernel's OOM killer; given up after 5 failures within 60s\n"
        "  next: nothing by itself; superctl start web.1 starts it\n");
}

TEST_CASE("why: a worker that is ready says since when and why, and which old process still works",
          "[superctl]") {
  wire::HistoryView history{.name = "web.1",
                            .state = "ready",
                            .since = kSince,
                            .cause = "trigger /srv/app.wsgi",
                            .next = "waits for old process 4700 to end (at most 31s more)",
                            .generation = 8,
                            .pid = 4711,
                            .message = "took over from process 4700",
                            .draining = {{{.pid = 4700, .generation = 7}}}};
  CHECK(why_text(history, telling()) ==
        "web.1 is ready since 2026-01-01T00:00:02Z (12s ago): process 4711 of generation 8 took "
        "over from process 4700, started by trigger /srv/app.wsgi\n"
        "  old process 4700 of generation 7 still finishes what it does (draining)\n"
        "  next: waits for old process 4700 to end (at most 31s more)\n");
  history = {.name = "web.1",
             .state = "ready",
             .cause = "exit",
             .exit = wire::ExitView{.reason = "exited with status 1"},
             .generation = 8,
             .pid = 4712,
             .restarts = 1};
  CHECK(why_text(history, telling()) ==
        "web.1 is ready: process 4712 of generation 8, started because the one before had ended\n"
        "  the last process that ended exited with status 1\n"
        "  started again by superd 1 time so far\n");
}

TEST_CASE("why: a worker that starts, stops or cannot be killed", "[superctl]") {
  CHECK(why_text({.name = "web.1",
                  .state = "starting",
                  .cause = "boot",
                  .next = "is ready or fails",
                  .message = "waits for cache"},
                 telling()) ==
        "web.1 is starting: by superd's start (boot); it waits for cache\n"
        "  next: is ready or fails\n");
  CHECK(why_text({.name = "web.1",
                  .state = "stopping",
                  .cause = "exit",
                  .next = "starts again when the old process is gone",
                  .message = "was not ready within 5s"},
                 telling()) ==
        "web.1 is stopping: its process was not ready within 5s\n"
        "  next: starts again when the old process is gone\n");
  CHECK(why_text({.name = "web.1", .state = "unkillable", .message = "a process survived KILL"},
                 telling()) ==
        "web.1 is unkillable: a process survived KILL\n"
        "  next: nothing; the kernel holds its process, and lets it go or not\n");
  CHECK(why_text({.name = "web.1", .state = "exited", .message = "exited with status 0"},
                 telling()) ==
        "web.1 is exited: its process exited with status 0; by respawn.policy it is not started "
        "again\n"
        "  next: nothing by itself; superctl start web.1 starts it\n");
}

TEST_CASE("why: a group says who stopped it, or that nobody ever started it", "[superctl]") {
  wire::HistoryView group{.name = "web",
                          .state = "stopped",
                          .since = kSince,
                          .cause = "command uid=0 pid=5",
                          .ready = 0,
                          .wanted = 0};
  CHECK(why_text(group, telling()) ==
        "web is stopped since 2026-01-01T00:00:02Z (12s ago): by command uid=0 pid=5 (root)\n"
        "  next: nothing by itself; superctl start web starts it\n");
  group.cause = "command uid=77 pid=5";
  CHECK(why_text(group, telling()).find("by command uid=77 pid=5\n") != std::string::npos);
  group.since = "";
  group.cause = "";
  CHECK(why_text(group, telling()) ==
        "web is stopped: it was not started since superd began\n"
        "  next: nothing by itself; superctl start web starts it\n");
}

TEST_CASE("why: a group that waits for demand, one that is held", "[superctl]") {
  const wire::HistoryView waiting{.name = "web",
                                  .state = "waiting",
                                  .cause = "idle",
                                  .next = "the next connection starts its workers",
                                  .held = "held by command uid=0 pid=5",
                                  .ready = 0,
                                  .wanted = 0};
  CHECK(why_text(waiting, telling()) ==
        "web is waiting: no worker runs, its sockets are held, by its idle time (idle)\n"
        "  held by command uid=0 pid=5\n"
        "  next: the next connection starts its workers\n");
}

TEST_CASE("why: a group's last roll is told, and which workers it left by which recipe",
          "[superctl]") {
  const wire::RollView roll{.id = 12,
                            .action = "restart",
                            .group = "web",
                            .cause = "command uid=0 pid=5",
                            .state = "aborted",
                            .result = "mixed",
                            .generation = 8,
                            .message = "mixed: web.2 exited with status 1",
                            .began = "2026-01-01T00:00:00Z",
                            .ended = "2026-01-01T00:00:02Z",
                            .failed = {{.name = "web.2", .output = {"ImportError"}}},
                            .steps = {{.time = "2026-01-01T00:00:01Z",
                                       .worker = "web.2",
                                       .kind = "failed",
                                       .message = "new process 812 failed: exited with status 1"}}};
  const wire::HistoryView group{.name = "web",
                                .state = "running",
                                .workers = {{.name = "web.1", .state = "ready", .generation = 8},
                                            {.name = "web.2", .state = "ready", .generation = 7}},
                                .roll = roll,
                                .generation = 7,
                                .ready = 2,
                                .wanted = 2,
                                .events = {{{.time = "2026-01-01T00:00:02Z",
                                             .event = "roll.step",
                                             .roll = 12,
                                             .step = "ready",
                                             .message = "left out"},
                                            {.time = "2026-01-01T00:00:02Z",
                                             .event = "roll.aborted",
                                             .roll = 12,
                                             .cause = "command uid=0 pid=5",
                                             .result = "mixed"}}}};
  CHECK(why_text(group, telling()) ==
        "web is running: 2 of 2 workers are ready\n"
        "  its workers are mixed: generation 7 (in force): web.2; generation 8: web.1\n"
        "  last roll 12 (command uid=0 pid=5): began 2026-01-01T00:00:00Z, makes generation 8, "
        "ended 2026-01-01T00:00:02Z: mixed\n"
        "    mixed: web.2 exited with status 1\n"
        "    2026-01-01T00:00:01Z  web.2: new process 812 failed: exited with status 1\n"
        "    web.2 wrote last:\n"
        "      ImportError\n"
        "  what happened:\n"
        "    2026-01-01T00:00:02Z  roll 12 ended, mixed (command uid=0 pid=5 (root))\n"
        "web.1 is ready: its process of generation 8\n"
        "web.2 is ready: its process of generation 7\n");
}

TEST_CASE("why: a group's workers follow, those that are well in one line", "[superctl]") {
  const wire::HistoryView group{
      .name = "web",
      .state = "degraded",
      .workers = {{.name = "web.1", .state = "ready", .output = {"fine"}, .pid = 4},
                  {.name = "web.2", .state = "failed", .output = {"broken"}}},
      .ready = 1,
      .wanted = 2};
  CHECK(why_text(group, telling()) ==
        "web is degraded: 1 of 2 workers are ready\n"
        "web.1 is ready: process 4\n"
        "web.2 is failed\n"
        "  next: nothing by itself; superctl start web.2 starts it\n"
        "  last lines of output:\n"
        "    broken\n");
}

}  // namespace superd::superctl
