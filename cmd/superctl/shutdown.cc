#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/syscall.h>

#include "base/unique_fd.h"
#include "client/interrupt.h"
#include "command.h"
#include "exchange.h"

namespace superd::superctl {
namespace {

constexpr auto kKnockInterval = std::chrono::milliseconds(100);

// -1 where the process is not to be seen from here (another pid namespace).
UniqueFd open_process(std::int64_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
}

// Until the time is over, the interrupt comes, or the process ends.
enum class Seen { ended, interrupted, time_over };
Seen wait_for(const UniqueFd& process, const client::Interrupt& interrupt,
              client::Clock::time_point until) {
  pollfd polled[] = {{.fd = process.get(), .events = POLLIN, .revents = 0},
                     {.fd = interrupt.fd(), .events = POLLIN, .revents = 0}};
  while (client::Clock::now() < until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - client::Clock::now());
    static_cast<void>(::poll(polled, std::size(polled), static_cast<int>(left.count())));
    if (polled[1].revents != 0) return Seen::interrupted;
    if (polled[0].revents != 0) return Seen::ended;
  }
  return Seen::time_over;
}

bool answers(const std::string& socket) {
  const auto soon = client::Clock::now() + std::chrono::seconds(5);
  return client::call(socket, {.target = "/v1/status"}, soon).has_value();
}

// Gone: its process ended, or, where that cannot be seen, nobody listens any more.
End wait_until_gone(Context& context, const UniqueFd& process) {
  const client::Interrupt interrupt;
  while (client::Clock::now() < context.deadline()) {
    const auto next = std::min(client::Clock::now() + kKnockInterval, context.deadline());
    const Seen seen = wait_for(process, interrupt, next);
    if (seen == Seen::interrupted) return End::interrupted;
    if (seen == Seen::ended) return End::all_answered;
    if (!process && !answers(context.socket())) return End::all_answered;
  }
  return End::timed_out;
}

ExitCode finish(Context& context, End end) {
  context.out().progress("");
  if (end == End::timed_out) {
    context.out().tell("superd: not down yet; the shutdown goes on");
    return ExitCode::timed_out;
  }
  if (end == End::interrupted) {
    context.out().tell("superd: the shutdown goes on");
    return ExitCode::interrupted;
  }
  context.out().print_line(context.options().json ? R"({"result":"done"})" : "superd: shut down");
  return ExitCode::done;
}

ExitCode run_shutdown(Context& context) {
  const auto status = context.fetch<wire::StatusView>("/v1/status");
  if (!status) return context.report(status.error());
  const UniqueFd process = open_process(status->superd.pid);
  Result<wire::Response> response = fail("");
  End end = run(context.socket(),
                {.requests = {{.method = wire::Method::post, .target = "/v1/shutdown"}},
                 .until = context.deadline(),
                 .on_answer = [&](std::size_t, auto answer) { response = std::move(answer); },
                 .on_tick = {}});
  if (end != End::all_answered) return finish(context, end);
  // A connection that ends without an answer is a superd that is already going.
  const bool going = !response && response.error().code == ECONNRESET;
  const auto body = client::body_of(std::move(response));
  if (!body && !going) return context.report(body.error());
  if (context.options().no_wait) {
    if (context.options().json) context.out().print_line(R"({"result":"begun"})");
    return ExitCode::done;
  }
  context.out().progress(fmt::format("superd: pid {} shuts down", status->superd.pid));
  return finish(context, wait_until_gone(context, process));
}

}  // namespace

Command shutdown_command() {
  return {.name = "shutdown",
          .summary = "stop everything in order, superd last",
          .declare = [](CLI::App&) {},
          .run = run_shutdown};
}

}  // namespace superd::superctl
