#include <catch2/catch.hpp>

#include "status_text.h"

namespace superd::superctl {

using client::Colour;
using client::ExitCode;

TEST_CASE("status: a line for each group", "[superctl]") {
  const wire::GroupView web{.name = "web",
                            .state = "running",
                            .generation = 7,
                            .ready = 4,
                            .wanted = 4,
                            .restarts = 12,
                            .uptime_s = 65,
                            .listen = {"127.0.0.1:8000", "[::1]:8000"}};
  const wire::GroupView young{.name = "young", .state = "starting"};
  const wire::GroupView cache{.name = "cache", .state = "stopped"};
  CHECK(group_table({web, young, cache}, Colour::off) ==
        "GROUP  STATE     READY  GEN  UPTIME  RESTARTS  LISTEN\n"
        "web    running     4/4    7    1m5s        12  127.0.0.1:8000,[::1]:8000\n"
        "young  starting    0/0    -      0s         0  -\n"
        "cache  stopped     0/0    -       -         0  -\n");
}

TEST_CASE("status: a line for each worker, and for an old process that drains", "[superctl]") {
  const wire::WorkerView ready{
      .name = "web.1",
      .state = "ready",
      .pid = 4711,
      .generation = 7,
      .uptime_s = 12,
      .detail = "idle",
      .draining = {{.pid = 4000, .generation = 6}, {.pid = {}, .generation = 5}},
      .procs = 3,
      .memory_bytes = 1U << 20};
  const wire::WorkerView dead{.name = "web.2",
                              .state = "backoff",
                              .generation = 7,
                              .restarts = 3,
                              .exit = wire::ExitView{.code = 1, .reason = "exited with status 1"}};
  CHECK(worker_table({ready, dead}, Colour::off) ==
        "WORKER  STATE      PID  GEN  UPTIME  PROCS  MEMORY  RESTARTS  DETAIL\n"
        "web.1   ready     4711    7     12s      3    1MiB         0  idle\n"
        "web.1   draining  4000    6       -      -       -         -  -\n"
        "web.1   draining     -    5       -      -       -         -  -\n"
        "web.2   backoff      -    7       -      -       -         3  exited with status 1\n");
}

TEST_CASE("status: how a process ended is no detail of a worker that was stopped", "[superctl]") {
  const wire::WorkerView stopped{.name = "web.1",
                                 .state = "stopped",
                                 .exit = wire::ExitView{.reason = "was killed"},
                                 .procs = 0,
                                 .memory_bytes = 0};
  CHECK(worker_table({stopped}, Colour::off) ==
        "WORKER  STATE    PID  GEN  UPTIME  PROCS  MEMORY  RESTARTS  DETAIL\n"
        "web.1   stopped    -    -       -      -       -         0  -\n");
}

TEST_CASE("status -v: the processes of a worker, and how they are known", "[superctl]") {
  const wire::WorkerView worker{.name = "web.1", .tracking = "cgroup"};
  const std::vector<wire::PidView> pids = {
      {.pid = 10, .worker = "web.1", .role = wire::Role::main, .command = "master"},
      {.pid = 11, .worker = "web.2", .role = wire::Role::main, .command = "other"},
      {.pid = 12, .worker = "web.1", .role = wire::Role::child, .command = "w\x1b"}};
  wire::WorkerView busy = worker;
  busy.cpu_ms = 1250;
  busy.memory_bytes = 3U << 20;
  busy.memory_measure = "pss";
  CHECK(process_list(busy, pids).starts_with("web.1 (cgroup), CPU 1.2s, memory 3MiB pss\n"));
  CHECK(process_list(worker, pids) == "web.1 (cgroup)\n  10 main master\n  12 child w\\x1b\n");
}

TEST_CASE("status: exits with 3 where a group is not as it is meant to be", "[superctl]") {
  CHECK(exit_code_of_groups({}) == ExitCode::done);
  CHECK(exit_code_of_groups({{.name = "a", .state = "stopped", .as_meant = true}}) ==
        ExitCode::done);
  CHECK(exit_code_of_groups({{.name = "a", .as_meant = true}, {.name = "b", .as_meant = false}}) ==
        ExitCode::not_running);
}

TEST_CASE("status NAME: exits with 3 where what is named does not run", "[superctl]") {
  CHECK(exit_code_of_named(wire::GroupView{.state = "running"}) == ExitCode::done);
  CHECK(exit_code_of_named(wire::GroupView{.state = "rolling"}) == ExitCode::done);
  CHECK(exit_code_of_named(wire::GroupView{.state = "stopped"}) == ExitCode::not_running);
  CHECK(exit_code_of_named(wire::GroupView{.state = "degraded"}) == ExitCode::not_running);
  CHECK(exit_code_of_named(wire::WorkerView{.state = "ready"}) == ExitCode::done);
  CHECK(exit_code_of_named(wire::WorkerView{.state = "backoff"}) == ExitCode::not_running);
}

TEST_CASE("status -v: each held socket tells how many wait in it", "[superctl]") {
  wire::GroupView group{.name = "web"};
  CHECK(queue_lines(group).empty());
  group.queues = {{.listener = "127.0.0.1:8000", .length = 3, .limit = 4096},
                  {.listener = "unix:/run/w\x1b.sock", .length = 0, .limit = 10}};
  CHECK(queue_lines(group) ==
        "web 127.0.0.1:8000: accept queue 3 of 4096\n"
        "web unix:/run/w\\x1b.sock: accept queue 0 of 10\n");
}

}  // namespace superd::superctl
