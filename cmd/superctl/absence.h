#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "client/calls.h"
#include "output.h"

namespace superd::superctl {

// A superd that has gone while it was asked something that goes on: it is restarted, upgraded or
// dead, and is waited for as long as the first two take.
class Absence {
 public:
  static constexpr std::chrono::seconds kLongest{10};
  static constexpr std::chrono::milliseconds kKnock{100};
  // So long nothing is said of it.
  static constexpr std::chrono::milliseconds kUntold{500};

  // `out` outlives it.
  explicit Absence(Output& out) : out_(&out) {}

  // superd is there, until it is knocked at in vain again.
  void is_over();
  // superd was not there at `now`: when to knock again. Fails with ECONNREFUSED once it has been
  // away for kLongest. Meanwhile it is told on the terminal.
  Result<client::Clock::time_point> knocked_in_vain(client::Clock::time_point now);

 private:
  Output* out_;
  std::optional<client::Clock::time_point> since_;
};

}  // namespace superd::superctl
