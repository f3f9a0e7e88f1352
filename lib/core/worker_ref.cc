#include "core/worker_ref.h"

#include <charconv>

namespace superd::core {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string to_string(const WorkerRef& worker) {
  return worker.group + "." + std::to_string(worker.number);
}

std::optional<WorkerRef> parse_worker_ref(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view group = text.substr(0, dot);
  const std::string_view digits = text.substr(dot + 1);
  if (!is_group_name(group) || digits.empty() || digits.front() == '0') return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 1) {
    return std::nullopt;
  }
  return WorkerRef{.group = std::string(group), .number = number};
}

bool is_group_name(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front())) return false;
  for (const char c : text) {
    if (!is_lower_or_digit(c) && c != '_' && c != '-') return false;
  }
  return text != "all" && text != "self";
}

std::string to_string(SpawnId spawn) { return std::to_string(static_cast<std::uint64_t>(spawn)); }

}  // namespace superd::core
