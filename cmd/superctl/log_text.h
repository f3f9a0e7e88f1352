#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/table.h"
#include "wire/views.h"

namespace superd::superctl {

// Newline-delimited JSON, as superd sends it. Fails on the first line that is none.
Result<std::vector<wire::LogLine>> read_log_lines(std::string_view body);

// By time over several logs, the lines of each in their own order. Where some line has no time
// they stay one log after the other.
void sort_log_lines(std::vector<wire::LogLine>& lines);

enum class Prefix { none, worker };
// no: made harmless for a terminal.
enum class Raw { no, yes };
struct LogText {
  Prefix prefix = Prefix::none;
  Raw raw = Raw::no;
  enum class Time { none, shown };
  Time time = Time::none;
  client::Colour colour = client::Colour::off;
};
// `TIME web.1 | text`, without the newline. A start or an end: `web.1 | -- process 4711 started`.
std::string log_text(const wire::LogLine& line, LogText how);

}  // namespace superd::superctl
