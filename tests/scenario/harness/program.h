#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "harness/wait.h"

namespace superd::scenario {

// How a program that was run to its end ended, and what it wrote.
struct Outcome {
  int exit = -1;  // its status, 128 + signal, or -1: still running at the limit, and killed
  std::string out;
  std::string err;
};

struct RunOptions {
  std::chrono::milliseconds limit = 60s;
  std::vector<std::string> env{};  // NAME=VALUE, besides the test's own environment
  std::string directory{};         // empty: the test's own
};

// Runs a program to its end. What it leaves in the background may keep its output open: only what
// was written until the program itself ended counts.
Outcome run(const std::vector<std::string>& argv, const RunOptions& options = {});

// A program that runs beside the test. Killed at the end of the object's life.
class Program {
 public:
  struct Options {
    std::vector<std::string> env;
    std::string directory;
    int out = -1;  // borrowed; -1: the test's own
    int err = -1;
    std::vector<int> given{};  // borrowed; they are 3, 4 … in the program, -1: closed there
  };
  Program(const std::vector<std::string>& argv, const Options& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // As Outcome::exit; nothing: still running. Asking again gives the same answer.
  std::optional<int> ended();
  std::optional<int> wait(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_;
};

}  // namespace superd::scenario
