#include "log_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "client/printable.h"
#include "core/worker_ref.h"
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

namespace {

// One of a few, the same whenever this worker is shown, and another one for its neighbours.
std::string in_own_colour(const std::string& text, std::string_view worker, client::Colour colour) {
  constexpr std::array kColours = {36, 33, 32, 35, 34, 96, 93, 92, 95, 94};
  if (colour == client::Colour::off) return text;
  const auto ref = core::parse_worker_ref(worker);
  std::size_t at = ref ? static_cast<std::size_t>(ref->number) : 0;
  for (const char c : ref ? ref->group : std::string(worker)) at += static_cast<unsigned char>(c);
  return fmt::format("\x1b[{}m{}\x1b[0m", kColours.at(at % kColours.size()), text);
}

}  // namespace

std::string log_text(const wire::LogLine& line, LogText how) {
  std::string text = how.raw == Raw::yes ? line.text : client::printable_line(line.text);
  const std::string worker = client::printable(line.worker);
  if (line.event) {
    text = how.prefix == Prefix::none ? fmt::format("-- {}: {}", worker, text) : "-- " + text;
    text = client::paint(text, client::Tone::faint, how.colour);
  }
  if (how.prefix == Prefix::worker)
    text = fmt::format("{} {}", in_own_colour(worker + " |", line.worker, how.colour), text);
  if (how.time == LogText::Time::shown)
    text = fmt::format("{} {}", line.time.empty() ? "-" : client::printable(line.time), text);
  return text;
}

}  // namespace superd::superctl
