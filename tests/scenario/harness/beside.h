#pragma once

#include <string>
#include <vector>

#include <fcntl.h>

#include "base/unique_fd.h"
#include "harness/program.h"
#include "harness/superd.h"

namespace superd::scenario {

// A superctl that goes on beside the test, its output in a file of the site.
class Beside {
 public:
  Beside(const Site& site, const std::string& file, const std::vector<std::string>& arguments)
      : site_(site), file_(file), program_(command(site, arguments), output()) {}

  // stdout and stderr so far.
  [[nodiscard]] std::string text() const { return site_.read(file_); }
  Program& program() { return program_; }

 private:
  static std::vector<std::string> command(const Site& site,
                                          const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {programs().superctl, "-s", site.control()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  Program::Options output() {
    out_.reset(::open(site_.path(file_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return {.env = {}, .directory = {}, .out = out_.get(), .err = out_.get()};
  }

  const Site& site_;
  std::string file_;
  UniqueFd out_;
  Program program_;
};

}  // namespace superd::scenario
