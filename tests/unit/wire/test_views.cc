#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

#include "wire/json.h"

namespace superd::wire {
namespace {

WorkerView ready_worker() {
  return {.name = "web.1",
          .state = "ready",
          .pid = 4711,
          .generation = 7,
          .since = "2026-11-23T01:02:03.004Z",
          .uptime_s = 12,
          .restarts = 2,
          .exit = ExitView{.code = 1, .reason = "exited with status 1"},
          .draining = {{.pid = 4000, .generation = 6}}};
}

TEST_CASE("views: a status comes in the order of the contract and reads back the same", "[wire]") {
  const StatusView status{
      .superd = {.version = "0.1.0", .pid = 10, .supervisor_pid = 11, .tracking = "cgroup"},
      .groups = {{.name = "web",
                  .state = "running",
                  .generation = 7,
                  .ready = 1,
                  .wanted = 1,
                  .restarts = 2,
                  .listen = {"127.0.0.1:8000"},
                  .cause = "boot",
                  .workers = {ready_worker()}}}};
  const std::string text = to_text(status);
  CHECK(text ==
        R"({"superd":{"version":"0.1.0","pid":10,"supervisor_pid":11,"uptime_s":0,)"
        R"("tracking":"cgroup"},"groups":[{"name":"web","state":"running","generation":7,)"
        R"("ready":1,"wanted":1,"restarts":2,"uptime_s":0,"listen":["127.0.0.1:8000"],)"
        R"("cause":"boot","as_meant":true,"workers":[{"name":"web.1","state":"ready","pid":4711,)"
        R"("generation":7,"since":"2026-11-23T01:02:03.004Z","uptime_s":12,"restarts":2,)"
        R"("exit":{"code":1,"signal":null,"reason":"exited with status 1"},"detail":"",)"
        R"("draining":[{"pid":4000,"generation":6}]}]}]})");
  const auto back = from_text<StatusView>(text);
  REQUIRE(back);
  CHECK(to_text(*back) == text);
}

TEST_CASE("views: a worker without a process has a null pid and a null exit", "[wire]") {
  const auto json = nlohmann::json::parse(to_text(WorkerView{.name = "web.1", .state = "stopped"}));
  CHECK(json.at("pid").is_null());
  CHECK(json.at("exit").is_null());
  CHECK_FALSE(json.contains("pids"));
}

TEST_CASE("views: what costs a look at every process is there only when it was looked at",
          "[wire]") {
  WorkerView worker = ready_worker();
  worker.procs = 2;
  worker.memory_bytes = 4096;
  worker.pids = {4711, 4712};
  const auto back = from_text<WorkerView>(to_text(worker));
  REQUIRE(back);
  CHECK(back->procs == 2U);
  CHECK(back->memory_bytes == 4096U);
  CHECK_FALSE(back->cpu_ms);
  CHECK(back->pids == std::vector<std::int64_t>{4711, 4712});
  CHECK_FALSE(back->tracking);
}

TEST_CASE("views: outcomes, processes, history and problems read back the same", "[wire]") {
  const OutcomeView outcome{
      .result = Verdict::timed_out,
      .roll = 12,
      .group = "web",
      .action = "start",
      .workers = {{.name = "web.1",
                   .result = Verdict::failed,
                   .message = "exited with status 1 before it was ready",
                   .exit = ExitView{.signal = "KILL", .reason = "was killed by signal 9 (KILL)"},
                   .output = {"Traceback", "ImportError"}}}};
  const PidsView pids{.group = "web",
                      .pids = {{.pid = 5, .worker = "web.1", .role = Role::child, .ppid = 4}}};
  const HistoryView history{.name = "web",
                            .transitions = {{.from = "starting", .to = "failed", .pid = 3}},
                            .workers = {{.name = "web.1", .next = "tries again in 2s"}}};
  CHECK(to_text(from_text<OutcomeView>(to_text(outcome)).value()) == to_text(outcome));
  CHECK(to_text(from_text<PidsView>(to_text(pids)).value()) == to_text(pids));
  CHECK(to_text(from_text<HistoryView>(to_text(history)).value()) == to_text(history));
  CHECK(to_text(outcome).find(R"("result":"timed-out","roll":12)") != std::string::npos);
  CHECK(to_text(Problem{.title = "Not Found", .status = 404, .detail = "no group \"x\""}) ==
        R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no group \"x\""})");
}

TEST_CASE("views: a roll comes in the order of the contract and reads back the same", "[wire]") {
  const RollView roll{.id = 12,
                      .action = "restart",
                      .group = "web",
                      .cause = "command uid=0 pid=5",
                      .state = "aborted",
                      .result = "rolled-back",
                      .generation = 8,
                      .workers = 4,
                      .message = "rolled back",
                      .began = "b",
                      .ended = "e",
                      .failed = {{.name = "web.1", .result = Verdict::failed, .output = {"no"}}},
                      .steps = {{.number = 3,
                                 .time = "t",
                                 .worker = "web.1",
                                 .kind = "failed",
                                 .message = "m",
                                 .pid = 812}}};
  const std::string text = to_text(roll);
  CHECK(text ==
        R"({"id":12,"action":"restart","group":"web","worker":null,)"
        R"("cause":"command uid=0 pid=5","state":"aborted","result":"rolled-back",)"
        R"("waits_for":null,"generation":8,"workers":4,"replaced":0,"message":"rolled back",)"
        R"("began":"b","ended":"e","failed":[{"name":"web.1","result":"failed","message":"",)"
        R"("exit":null,"output":["no"]}],"steps":[{"number":3,"time":"t","worker":"web.1",)"
        R"("kind":"failed","message":"m","pid":812}]})");
  CHECK(to_text(from_text<RollView>(text).value()) == text);
  const RollsView rolls{.rolls = {roll, {.id = 13, .waits_for = 12, .left_out = 7}}};
  CHECK(to_text(from_text<RollsView>(to_text(rolls)).value()) == to_text(rolls));
  const HistoryView history{.name = "web", .roll = roll};
  CHECK(to_text(from_text<HistoryView>(to_text(history)).value()) == to_text(history));
  const OutcomeView outcome{.group = "web", .before = std::vector<std::string>{"pending"}};
  CHECK(to_text(outcome).ends_with(R"("message":"","before":["pending"]})"));
}

TEST_CASE("views: a successor and a roll in hand are there only while there is one", "[wire]") {
  WorkerView worker = ready_worker();
  CHECK(to_text(worker).find("next") == std::string::npos);
  worker.next = SuccessorView{.pid = 812, .generation = 8};
  CHECK(to_text(worker).find(R"("next":{"pid":812,"generation":8})") != std::string::npos);
  CHECK(to_text(GroupView{}).find("\"roll\"") == std::string::npos);
  CHECK(from_text<GroupView>(to_text(GroupView{.roll = 12}))->roll == 12U);
  const DrainingView left{.pid = {}, .generation = 6};
  worker.draining = {left};
  CHECK(to_text(worker).find(R"("draining":[{"pid":null,"generation":6}])") != std::string::npos);
}

TEST_CASE("views: bytes that are no UTF-8 are replaced, never an error", "[wire]") {
  const std::string text =
      to_text(PidView{.pid = 1, .role = Role::main, .command = std::string("a\xff\x1b[31m\0b", 8)});
  const auto back = from_text<PidView>(text);
  REQUIRE(back);
  CHECK(back->command == std::string("a\xEF\xBF\xBD\x1b[31m\0", 10));
}

TEST_CASE("views: log lines are newline-delimited JSON", "[wire]") {
  CHECK(to_text(std::vector<LogLine>{{.time = "t", .worker = "web.1", .text = "a\nb"},
                                     {.worker = "web.2", .stream = "stderr"}}) ==
        "{\"time\":\"t\",\"worker\":\"web.1\",\"stream\":\"\",\"text\":\"a\\nb\"}\n"
        "{\"time\":\"\",\"worker\":\"web.2\",\"stream\":\"stderr\",\"text\":\"\"}\n");
  const LogLine started{.worker = "web.1", .event = "worker.spawned", .place = "e-8"};
  const auto back = from_text<LogLine>(to_text(started));
  REQUIRE(back);
  CHECK(back->event == "worker.spawned");
  CHECK(back->place == "e-8");
}

TEST_CASE("views: a reply of a later superd is read, what it adds is ignored", "[wire]") {
  const auto worker = from_text<WorkerView>(R"({"name":"web.1","state":"hibernating","new":{}})");
  REQUIRE(worker);
  CHECK(worker->state == "hibernating");
  CHECK(worker->generation == 0);
}

TEST_CASE("views: a reply that does not fit is an error that names the field", "[wire]") {
  const auto message = [](std::string_view text) {
    const auto status = from_text<StatusView>(text);
    return status ? std::string("read") : status.error().message;
  };
  CHECK(message("") == "not valid JSON");
  CHECK(message("[]") == "an object expected");
  CHECK(message(R"({"groups":[{},{"workers":[{"pid":"7"}]}]})") ==
        "groups[1].workers[0].pid: a whole number expected");
  CHECK(message(R"({"superd":{"version":7}})") == "superd.version: a string expected");
  CHECK(message(R"({"groups":{}})") == "groups: a list expected");
  CHECK(message(R"({"groups":[{"ready":3000000000}]})") ==
        "groups[0].ready: a number in range expected");
  CHECK(from_text<PidView>(R"({"role":"boss"})").error().message == "role: a known word expected");
}

}  // namespace
}  // namespace superd::wire
