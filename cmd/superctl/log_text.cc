#include "log_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "client/printable.h"
#include "wire/json.h"

namespace superd::superctl {

Result<std::vector<wire::LogLine>> read_log_lines(std::string_view body) {
  std::vector<wire::LogLine> lines;
  for (const auto& text : split(body, '\n')) {
    if (text.empty()) continue;
    auto line = wire::from_text<wire::LogLine>(text);
    if (!line) return tl::unexpected<Error>(std::move(line.error()));
    lines.push_back(std::move(*line));
  }
  return lines;
}

void sort_log_lines(std::vector<wire::LogLine>& lines) {
  const bool timed = std::ranges::none_of(lines, &std::string::empty, &wire::LogLine::time);
  if (timed) std::ranges::stable_sort(lines, {}, &wire::LogLine::time);
}

std::string log_text(const wire::LogLine& line, LogText how) {
  std::string text = how.raw == Raw::yes ? line.text : client::printable_line(line.text);
  if (how.prefix == Prefix::none) return text;
  return fmt::format("{} | {}", client::printable(line.worker), text);
}

}  // namespace superd::superctl
