#include "wire/log_place.h"

#include <fmt/format.h>

#include "base/number.h"
#include "base/text.h"

namespace superd::wire {
namespace {

std::optional<LogPlace> parse_log_place(const std::string& text) {
  const std::vector<std::string> parts = split(text, '-');
  if (parts.size() == 2 && parts[0] == "e") {
    const auto id = to_number<std::uint64_t>(parts[1]);
    if (!id) return std::nullopt;
    return LogPlace{.offset = *id};
  }
  if (parts.size() != 3) return std::nullopt;
  const auto worker = to_number<int>(parts[0]);
  const auto file = to_number<std::uint64_t>(parts[1]);
  const auto offset = to_number<std::uint64_t>(parts[2]);
  if (!worker || *worker < 1 || !file || !offset) return std::nullopt;
  return LogPlace{.worker = *worker, .file = *file, .offset = *offset};
}

}  // namespace

std::string to_text(const LogPlace& place) {
  if (place.worker == 0) return fmt::format("e-{}", place.offset);
  return fmt::format("{}-{}-{}", place.worker, place.file, place.offset);
}

std::optional<std::vector<LogPlace>> parse_log_places(std::string_view text) {
  std::vector<LogPlace> places;
  for (const std::string& one : split(text, ',')) {
    const auto place = parse_log_place(one);
    if (!place) return std::nullopt;
    places.push_back(*place);
  }
  return places;
}

}  // namespace superd::wire
