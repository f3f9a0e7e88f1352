#pragma once

#include <string>
#include <vector>

#include "client/names.h"
#include "context.h"
#include "log_printer.h"

namespace superd::superctl {

// Logs that are told line by line: for as long as there are some, or for ever.
struct LogsWish {
  enum class Until { now, ever };
  Until until = Until::ever;
  int lines = 0;         // of each worker, to begin with
  std::string since{};   // RFC 3339, instead of `lines`; empty: none
  std::string stream{};  // empty: both
  // Nobody asked for these very groups: one that keeps no logs is left out.
  bool all = false;
};

// Prints the lines of the targets, by time as far as they have come. A superd that is restarted is
// waited for, and the lines go on where they stopped.
ExitCode follow_logs(Context& context, const std::vector<client::Target>& targets,
                     const LogsWish& wish, LogPrinter printer);

}  // namespace superd::superctl
