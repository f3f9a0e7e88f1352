#pragma once

#include <string>

#include "config/error.h"
#include "config/machine.h"

namespace superd::config {

// What the readers of one file's tables share.
struct Context {
  const Machine& machine;
  Problems& problems;
  std::string directory;  // absolute: the file's own
  // The file has a syntax error: what seems to be missing may stand where nobody could read.
  bool incomplete = false;
};

}  // namespace superd::config
