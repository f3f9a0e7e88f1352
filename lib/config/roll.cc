#include "config/roll.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "config/ready_http.h"

namespace superd::config {
namespace {

constexpr Choice<core::RollStrategy> kStrategies[] = {
    {"rolling", core::RollStrategy::rolling}, {"stop-first", core::RollStrategy::stop_first}};
constexpr Choice<core::OnFailure> kOnFailure[] = {{"rollback", core::OnFailure::rollback},
                                                  {"hold", core::OnFailure::hold}};
// More than a group has is all of it.
constexpr int kLargestBatch = 10000;

// `25%` -> 25
std::optional<int> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  text.remove_suffix(1);
  int percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return percent >= 1 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

void read_batch(const Field& field, core::BatchSpec& batch) {
  if (const auto* number = field.as<std::int64_t>()) {
    if (*number >= 1 && *number <= kLargestBatch) {
      batch = {.workers = static_cast<int>(*number)};
      return;
    }
  }
  const auto* text = field.as<std::string>();
  const auto percent = text != nullptr ? parse_percent(*text) : std::nullopt;
  if (percent) {
    batch = {.percent = *percent};
    return;
  }
  const bool is_number = text != nullptr && !text->empty() &&
                         text->find_first_not_of("0123456789") == std::string::npos;
  field.wrong("a number of workers from 1 to 10000, or a share from \"1%\" to \"100%\"",
              is_number ? "write a number without quotes" : "");
}

void read_rehearse(const Field& field, core::RollSpec& roll) {
  if (const bool* rehearse = field.as<bool>()) {
    roll.rehearse = *rehearse;
  } else if (field.as<std::string>() != nullptr || field.as<Table>() != nullptr) {
    roll.rehearse = true;
    roll.rehearse_http = read_http(field);
  } else {
    field.wrong("true, false, a path such as \"/healthz\", or a table { path, status }");
  }
}

// Who asks for a rehearsal that can never be.
void check_rehearsal(const Field& rehearse, const core::GroupSpec& group) {
  if (!group.roll.rehearse) return;
  if (group.listen.empty()) {
    rehearse.error(
        "a group without sockets cannot be asked by HTTP: add listen = [\"127.0.0.1:8000\"], or "
        "leave this out");
  } else if (group.roll.strategy == core::RollStrategy::stop_first) {
    rehearse.error(
        "with stop-first no process starts beside one that serves: leave this out, or the "
        "strategy");
  }
}

}  // namespace

void read_roll(TableReader table, const TextRules& rules, core::GroupSpec& group) {
  core::RollSpec& roll = group.roll;
  table.read("strategy", roll.strategy, kStrategies);
  if (const auto field = table.field("batch")) read_batch(*field, roll.batch);
  const auto before = table.field("before");
  if (before) {
    TextRules own = rules;
    own.reader = TextRules::Reader::errand;
    roll.before = read_command(*before, own);
  }
  table.read_positive("before_timeout", roll.before_timeout);
  const auto timeout = table.field("before_timeout");
  if (timeout && !before && !rules.incomplete) {
    timeout->error(
        "nothing runs before a roll that could take so long: add before = [\"PROGRAM\"], or leave "
        "this out");
  }
  if (const auto rehearse = table.field("rehearse")) {
    read_rehearse(*rehearse, roll);
    if (!rules.incomplete) check_rehearsal(*rehearse, group);
  }
  table.read("on_failure", roll.on_failure, kOnFailure);
  table.finish();
}

}  // namespace superd::config
