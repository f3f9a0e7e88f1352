#include "watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include <poll.h>
#include <unistd.h>

#include "client/interrupt.h"

namespace superd::superctl {
namespace {

constexpr std::chrono::seconds kInterval{2};

// Until the next time; a code: no more.
std::optional<ExitCode> pause(const client::Interrupt& interrupt,
                              client::Clock::time_point deadline) {
  const auto next = client::Clock::now() + kInterval;
  const auto until = std::min(next, deadline);
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - client::Clock::now());
    // A pipe that nobody reads any more is an error of its writing end.
    std::array<pollfd, 2> looked{pollfd{.fd = interrupt.fd(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = STDOUT_FILENO, .events = 0, .revents = 0}};
    const auto wait = std::max<std::chrono::milliseconds::rep>(left.count(), 0);
    const int found = ::poll(looked.data(), looked.size(), static_cast<int>(wait));
    if (found < 0 && errno != EINTR) return ExitCode::failed;
    if (found > 0 && looked[0].revents != 0) return ExitCode::interrupted;
    if (found > 0 && (looked[1].revents & (POLLERR | POLLHUP)) != 0) return ExitCode::done;
    if (client::Clock::now() < until) continue;
    return next > deadline ? std::optional(ExitCode::timed_out) : std::nullopt;
  }
}

}  // namespace

ExitCode watch(Context& context, const std::function<ExitCode()>& show) {
  const client::Interrupt interrupt;
  Output& out = context.out();
  for (bool first = true;; first = false) {
    if (out.redraws()) {
      out.print("\x1b[H\x1b[2J");
    } else if (!first && !context.options().json) {
      out.print("\n");
    }
    const ExitCode code = show();
    if (code != ExitCode::done && code != ExitCode::not_running) return code;
    if (!out.flush()) return code;
    if (const auto end = pause(interrupt, context.deadline())) return *end;
  }
}

}  // namespace superd::superctl
