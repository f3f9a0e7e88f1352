#pragma once

#include <string>
#include <vector>

namespace superd::core {

// The superctl command line that a signal sent to superd stands for, taken apart.
struct SignalOrder {
  enum class Verb { start, stop, restart, reload, signal, hold, release, apply, shutdown };

  int number = 0;      // the signal that superd gets
  std::string line{};  // as written
  Verb verb = Verb::start;
  // Groups, workers (not of hold and release), globs or `all`; empty for apply and shutdown, which
  // are for the whole of superd.
  std::vector<std::string> names{};
  bool now = false;         // restart --now
  int signal = 0;           // of the verb `signal`
  bool whole_tree = false;  // signal --all

  friend bool operator==(const SignalOrder&, const SignalOrder&) = default;
};

}  // namespace superd::core
