#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "client/calls.h"

namespace superd::superctl {

enum class Tick { go_on, enough };

// Requests that go out together, and what to do while they are not all answered.
struct Exchange {
  std::vector<client::Request> requests{};
  client::Clock::time_point until = client::kNever;
  // With the place of the request in the list; once for each that is answered.
  std::function<void(std::size_t, Result<wire::Response>)> on_answer{};
  // Every 200 ms; may be empty. After `enough` nothing more is waited for.
  std::function<Tick()> on_tick{};
};

enum class End { all_answered, enough, timed_out, interrupted };

// Returns when all are answered or on_tick() says so, when the time is over, or when the user
// interrupts from the keyboard.
End run(const std::string& socket_path, Exchange exchange);

}  // namespace superd::superctl
