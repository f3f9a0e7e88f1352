#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "client/interrupt.h"
#include "command.h"
#include "exchange.h"

namespace superd::superctl {
namespace {

constexpr std::chrono::milliseconds kLookInterval{100};

// The new superd answers: another supervisor than before. Nothing: not in time, or interrupted.
struct Successor {
  End end = End::all_answered;
  wire::SuperdView superd;
};
Successor wait_for_successor(Context& context, std::int64_t before) {
  const client::Interrupt interrupt;
  while (client::Clock::now() < context.deadline()) {
    const auto status = context.fetch<wire::StatusView>("/v1/status");
    if (status && status->superd.supervisor_pid != before) {
      return {.end = End::all_answered, .superd = status->superd};
    }
    pollfd polled = {.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
    static_cast<void>(::poll(&polled, 1, static_cast<int>(kLookInterval.count())));
    if (polled.revents != 0) return {.end = End::interrupted, .superd = {}};
  }
  return {.end = End::timed_out, .superd = {}};
}

ExitCode tell(Context& context, const wire::SuperdView& before, const Successor& successor) {
  if (successor.end != End::all_answered) {
    context.out().tell("superd: the new program does not answer yet");
    return successor.end == End::timed_out ? ExitCode::timed_out : ExitCode::interrupted;
  }
  if (context.options().json) {
    const nlohmann::json document = {
        {"result", "done"},
        {"version", {{"before", before.version}, {"after", successor.superd.version}}},
        {"pid", successor.superd.pid}};
    context.out().print_line(document.dump());
  } else {
    context.out().print_line(fmt::format("superd: {} -> {}, pid {}", before.version,
                                         successor.superd.version, successor.superd.pid));
  }
  return ExitCode::done;
}

ExitCode run_upgrade(Context& context) {
  const auto status = context.fetch<wire::StatusView>("/v1/status");
  if (!status) return context.report(status.error());
  Result<wire::Response> response = fail("");
  const End end = run(context.socket(),
                      {.requests = {{.method = wire::Method::post, .target = "/v1/upgrade"}},
                       .until = context.deadline(),
                       .on_answer = [&](std::size_t, auto answer) { response = std::move(answer); },
                       .on_tick = {}});
  if (end != End::all_answered) return tell(context, status->superd, {.end = end, .superd = {}});
  // A connection that ends without an answer is a supervisor that has left already.
  const bool left = !response && response.error().code == ECONNRESET;
  const auto body = client::body_of(std::move(response));
  if (!body && !left) return context.report(body.error());
  if (body) {
    const auto outcome = wire::from_text<wire::OutcomeView>(*body);
    if (outcome && outcome->result != wire::Verdict::done) {
      if (context.options().json) context.out().print_line(*body);
      context.out().tell("superd: not upgraded: " + outcome->message);
      return ExitCode::failed;
    }
  }
  const Successor successor = wait_for_successor(context, status->superd.supervisor_pid);
  return tell(context, status->superd, successor);
}

}  // namespace

Command upgrade_command() {
  return {.name = "upgrade",
          .summary = "let the running superd become the program on disk; workers are not touched",
          .declare = [](CLI::App&) {},
          .run = run_upgrade};
}

}  // namespace superd::superctl
