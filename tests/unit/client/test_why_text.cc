#include <catch2/catch.hpp>

#include "why_text.h"

namespace superd::superctl {

TEST_CASE("why: the state, its cause, what happened and the last lines of output", "[superctl]") {
  const wire::HistoryView history{
      .name = "web.1",
      .state = "backoff",
      .since = "2026-01-01T00:00:02Z",
      .cause = "exit",
      .exit = wire::ExitView{.code = 1, .reason = "exited with status 1"},
      .output = {"Traceback", "bad\x1b[2J"},
      .transitions = {{.time = "2026-01-01T00:00:02Z",
                       .from = "ready",
                       .to = "backoff",
                       .cause = "exit",
                       .pid = 4711,
                       .exit = wire::ExitView{.code = 1, .reason = "exited with status 1"}}},
      .next = "starts again in 2s"};
  CHECK(why_text(history, client::Colour::off) ==
        "web.1 is backoff since 2026-01-01T00:00:02Z: exit\n"
        "  last process: exited with status 1\n"
        "  next: starts again in 2s\n"
        "  what happened:\n"
        "    2026-01-01T00:00:02Z  ready -> backoff  exited with status 1, pid 4711 (exit)\n"
        "  last lines of output:\n"
        "    Traceback\n"
        "    bad\\x1b[2J\n");
}

TEST_CASE("why: a group's last roll is told in prose", "[superctl]") {
  const wire::RollView roll{
      .id = 12,
      .action = "restart",
      .group = "web",
      .cause = "command uid=0 pid=5",
      .state = "aborted",
      .result = "rolled-back",
      .generation = 8,
      .message = "rolled back: the old recipe (generation 7) serves on; nothing was changed",
      .began = "2026-01-01T00:00:00Z",
      .ended = "2026-01-01T00:00:02Z",
      .failed = {{.name = "web.1", .output = {"ImportError"}}},
      .steps = {{.time = "2026-01-01T00:00:01Z",
                 .worker = "web.1",
                 .kind = "failed",
                 .message = "new process 812 failed: exited with status 1"}}};
  const wire::HistoryView group{.name = "web", .state = "running", .roll = roll};
  CHECK(why_text(group, client::Colour::off) ==
        "web is running\n"
        "  last roll 12 (command uid=0 pid=5): began 2026-01-01T00:00:00Z, makes generation 8, "
        "ended 2026-01-01T00:00:02Z: rolled-back\n"
        "    rolled back: the old recipe (generation 7) serves on; nothing was changed\n"
        "    2026-01-01T00:00:01Z  web.1: new process 812 failed: exited with status 1\n"
        "    web.1 wrote last:\n"
        "      ImportError\n");
}

TEST_CASE("why: a group's workers follow, those that are well in one line", "[superctl]") {
  const wire::HistoryView group{
      .name = "web",
      .state = "degraded",
      .workers = {{.name = "web.1", .state = "ready", .output = {"fine"}},
                  {.name = "web.2", .state = "failed", .output = {"broken"}}}};
  CHECK(why_text(group, client::Colour::off) ==
        "web is degraded\n"
        "web.1 is ready\n"
        "web.2 is failed\n"
        "  last lines of output:\n"
        "    broken\n");
}

}  // namespace superd::superctl
