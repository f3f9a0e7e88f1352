#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "client/calls.h"

namespace superd::superctl {

// Requests that go out together, and what to do while they are not all answered.
struct Exchange {
  std::vector<client::Request> requests{};
  client::Clock::time_point until = client::kNever;
  // With the place of the request in the list; once for each that is answered.
  std::function<void(std::size_t, Result<wire::Response>)> on_answer{};
  // Every 200 ms; may be empty.
  std::function<void()> on_tick{};
};

enum class End { all_answered, timed_out, interrupted };

// Returns when all are answered, the time is over, or the user interrupts from the keyboard.
End run(const std::string& socket_path, Exchange exchange);

}  // namespace superd::superctl
