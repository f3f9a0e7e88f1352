#pragma once

#include <chrono>
#include <functional>

namespace superd::scenario {

using namespace std::chrono_literals;

// Asks `done` again and again until it says true (returns true) or the limit is over (false).
// Limits are for a busy machine: a test never asserts that something is quick.
bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& done);

// How long anything may take that takes milliseconds on an idle machine.
inline constexpr std::chrono::milliseconds kSoon = 20s;

}  // namespace superd::scenario
