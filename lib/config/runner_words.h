#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/runner.h"

// Which program the words of a command lead to: through `env`, `nice`, `poetry run` and the like,
// through `python3 -m` and the path of a virtual environment. Pure: nothing is looked up.
namespace superd::config {

// A program that stays the worker's main process in front of the one that it starts.
struct InFront {
  std::string program;
  std::size_t word = 0;
};

struct FoundProgram {
  Runner runner = Runner::none;
  // What the command runs: `gunicorn`, `python3 -m gunicorn`, `my-server`; empty: nothing to be
  // seen.
  std::string shown;
  // What the wrappers end in, as superd compares it: `gunicorn` of `/venv/bin/gunicorn3`.
  std::string name;
  // One of superd's own launchers for a runner that cannot inherit a socket or cannot drain.
  bool is_launcher = false;
  bool through_shell = false;  // a shell runs it, and nobody can tell what
  // The words behind the program, and for each the word of the command that it stands in.
  std::vector<std::string> arguments;
  std::vector<std::size_t> places;
  std::size_t word = 0;  // where the program stands
  std::optional<InFront> in_front;
  std::vector<core::EnvEntry> env;  // set on the way
};

FoundProgram find_program(std::span<const std::string> command);

// Whether a text, as of `sh -c`, names a runner's program somewhere.
std::optional<Runner> mentions_runner(const std::string& text);

}  // namespace superd::config
