#include <catch2/catch.hpp>

#include "outcome_text.h"

namespace superd::superctl {
namespace {

using wire::Verdict;

wire::WorkerOutcomeView worker(const std::string& name, Verdict result = Verdict::done) {
  return {.name = name, .result = result};
}

wire::OutcomeView outcome(const std::string& action, Verdict result,
                          std::vector<wire::WorkerOutcomeView> workers) {
  return {.result = result, .group = "web", .action = action, .workers = std::move(workers)};
}

using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("outcome: what is done is told in one line", "[superctl]") {
  const auto both = std::vector{worker("web.1"), worker("web.2")};
  CHECK(summary("web", outcome("start", Verdict::done, both), 3s) == "web: started (2 ready)");
  CHECK(summary("web", outcome("stop", Verdict::done, both), 3s) == "web: stopped");
  CHECK(summary("web.2", outcome("start", Verdict::done, {worker("web.2")}), 3s) ==
        "web.2: started");
  CHECK(summary("web", outcome("signal", Verdict::done, both), 3s) == "web: signalled (2 workers)");
}

TEST_CASE("outcome: a good roll tells how many, by which generation and how long", "[superctl]") {
  auto done = outcome("restart", Verdict::done, {worker("web.1"), worker("web.2")});
  done.generation = 8;
  CHECK(summary("web", done, 3210ms) == "web: restarted (2 workers, generation 8, 3.2s)");
  CHECK(summary("web", done, 125s) == "web: restarted (2 workers, generation 8, 2m5s)");
  const auto one = outcome("restart", Verdict::done, {worker("web.2")});
  CHECK(summary("web.2", one, 3s) == "web.2: restarted");
}

TEST_CASE("outcome: what roll.before wrote comes before what became of the roll", "[superctl]") {
  auto failed = outcome("restart", Verdict::failed, {});
  failed.before = std::vector<std::string>{"pending migrations"};
  failed.message = "rolled back: roll.before exited with status 1; nothing was changed";
  CHECK(complaints("web", failed) ==
        Lines{"  pending migrations",
              "web: rolled back: roll.before exited with status 1; nothing was changed"});
}

TEST_CASE("outcome: a failure names the worker, how it ended and its last lines", "[superctl]") {
  auto bad = worker("web.1", Verdict::failed);
  bad.message = "exited with status 1 before it was ready";
  bad.output = {"Traceback", "\tbad\x1b[2J"};
  const auto result = outcome("start", Verdict::failed, {bad, worker("web.2")});
  CHECK(complaints("web", result) == Lines{"web.1: exited with status 1 before it was ready",
                                           "  Traceback", "  \tbad\\x1b[2J",
                                           "web: start failed (1 of 2 done)"});
  CHECK(exit_code_of(result) == client::ExitCode::failed);
}

TEST_CASE("outcome: where many fail the lines of the first few are shown", "[superctl]") {
  std::vector<wire::WorkerOutcomeView> workers;
  for (int i = 1; i <= 5; ++i) {
    workers.push_back(worker("web." + std::to_string(i), Verdict::failed));
    workers.back().output = {"why"};
  }
  const auto lines = complaints("web", outcome("start", Verdict::failed, workers));
  CHECK(std::ranges::count(lines, "  why") == 3);
  CHECK(lines.size() == 5 + 3 + 1);
}

TEST_CASE("outcome: a time that is over and a command overtaken are told apart", "[superctl]") {
  const auto late = outcome("start", Verdict::timed_out, {});
  CHECK(exit_code_of(late) == client::ExitCode::timed_out);
  CHECK(complaints("web", late).front().find("the work goes on") != std::string::npos);
  const auto other = outcome("start", Verdict::superseded, {});
  CHECK(exit_code_of(other) == client::ExitCode::failed);
  CHECK(complaints("web", other).front().find("overtaken") != std::string::npos);
}

TEST_CASE("outcome: progress counts who is ready, and for a stop who is left", "[superctl]") {
  const std::vector<wire::WorkerView> workers = {{.name = "web.1", .state = "ready"},
                                                 {.name = "web.2", .state = "starting"}};
  CHECK(progress_of("start", "web", workers) == "web: 1/2 ready");
  CHECK(progress_of("stop", "web", workers) == "web: 2 left");
  CHECK(progress_of("stop", "web", {{.name = "web.1", .state = "stopped"}}) == "web: 0 left");
}

}  // namespace superd::superctl
