#include "exchange.h"

#include <algorithm>
#include <utility>

#include "client/interrupt.h"

namespace superd::superctl {
namespace {

constexpr auto kTick = std::chrono::milliseconds(200);

}  // namespace

End run(const std::string& socket_path, Exchange exchange) {
  using client::Clock;
  const client::Interrupt interrupt;
  client::Calls calls(socket_path, interrupt.fd());
  for (auto& request : exchange.requests) calls.add(std::move(request));
  auto tick = exchange.on_tick ? Clock::now() + kTick : client::kNever;
  while (calls.open() > 0) {
    auto answer = calls.next(std::min(tick, exchange.until));
    if (!answer) return End::interrupted;
    if (*answer) {
      exchange.on_answer((*answer)->number, std::move((*answer)->response));
      continue;
    }
    if (Clock::now() >= exchange.until) return End::timed_out;
    if (exchange.on_tick() == Tick::enough) return End::enough;
    tick = Clock::now() + kTick;
  }
  return End::all_answered;
}

}  // namespace superd::superctl
