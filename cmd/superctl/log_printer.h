#pragma once

#include <set>
#include <string>

#include "log_text.h"
#include "output.h"
#include "wire/views.h"

namespace superd::superctl {

// Prints lines of logs as they are wanted, and says on stderr what the logs do not tell.
class LogPrinter {
 public:
  enum class Form { text, json };
  struct How {
    Form form = Form::text;
    LogText text{};
    bool wants_times = false;   // -t, --since
    bool wants_stream = false;  // --stream
  };

  LogPrinter(Output& out, How how) : out_(out), how_(how) {}

  void print(const wire::LogLine& line);

 private:
  void complain_of(const wire::LogLine& line);

  Output& out_;
  How how_;
  std::string worker_;             // the first one
  std::set<std::string> untimed_;  // groups, told already
};

}  // namespace superd::superctl
