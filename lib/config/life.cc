#include "config/life.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/units.h"

namespace superd::config {
namespace {

using core::Duration;

constexpr Choice<core::RespawnPolicy> kPolicies[] = {
    {"always", core::RespawnPolicy::always},
    {"on-failure", core::RespawnPolicy::on_failure},
    {"never", core::RespawnPolicy::never}};
constexpr Choice<core::LogOutput> kOutputs[] = {{"file", core::LogOutput::file},
                                                {"inherit", core::LogOutput::inherit},
                                                {"discard", core::LogOutput::discard}};
constexpr Choice<core::LogFormat> kFormats[] = {
    {"cri", core::LogFormat::cri}, {"raw", core::LogFormat::raw}, {"json", core::LogFormat::json}};
constexpr Choice<core::LogOverflow> kOverflows[] = {{"drop", core::LogOverflow::drop},
                                                    {"block", core::LogOverflow::block}};
constexpr IntRange kFailures{.min = 0, .max = 1000000};
constexpr IntRange kKeep{.min = 0, .max = 1000};
// Below this a file is rotated at every few lines.
constexpr std::uint64_t kSmallestLog = 1024;

void read_number(TableReader& table, std::string_view key, double& to, double min, double max) {
  const auto field = table.field(key);
  if (!field) return;
  const auto value = field->number();
  if (!value) return;
  to = *value;
  if (to < min || to > max) {
    field->error(fmt::format("expected a number from {} to {}, found {}", min, max, to));
  }
}

void read_backoff(TableReader table, core::BackoffSpec& backoff) {
  constexpr double kMostFactor = 1000;
  table.read_positive("min", backoff.min);
  table.read_positive("max", backoff.max);
  read_number(table, "factor", backoff.factor, 1, kMostFactor);
  read_number(table, "jitter", backoff.jitter, 0, 1);
  if (backoff.max > Duration(0) && backoff.min > backoff.max) {
    const auto field = table.field("min");
    const auto place = field ? *field : *table.field("max");
    place.error(fmt::format("backoff goes from min {} up to max {}: min must not be above max",
                            print_duration(backoff.min), print_duration(backoff.max)));
  }
  table.finish();
}

void read_give_up(TableReader table, core::GiveUpSpec& give_up) {
  table.read("failures", give_up.failures, kFailures);
  table.read_positive("within", give_up.within);
  table.finish();
}

void read_success(const Field& field, core::RespawnSpec& respawn) {
  const auto elements = field.elements(R"([0, "TERM"])");
  if (!elements) return;
  respawn.clean_statuses.clear();
  respawn.clean_signals.clear();
  for (const Field& element : *elements) {
    if (element.as<std::string>() != nullptr) {
      if (const auto signal = element.signal()) respawn.clean_signals.push_back(*signal);
    } else if (element.as<std::int64_t>() != nullptr) {
      const auto status = element.integer({.min = 0, .max = 255});
      if (status) respawn.clean_statuses.push_back(static_cast<int>(*status));
    } else {
      element.wrong(R"(an exit status from 0 to 255 or a signal such as "TERM")");
    }
  }
}

}  // namespace

void read_stop(TableReader table, core::StopSpec& stop) {
  if (const auto field = table.field("signal")) stop.signal = field->signal().value_or(stop.signal);
  table.read("timeout", stop.timeout);
  table.finish();
}

void read_respawn(TableReader table, core::RespawnSpec& respawn) {
  table.read("policy", respawn.policy, kPolicies);
  if (auto backoff = table.table("backoff")) read_backoff(*backoff, respawn.backoff);
  table.read("reset_after", respawn.reset_after);
  if (auto give_up = table.table("give_up")) read_give_up(*give_up, respawn.give_up);
  if (const auto field = table.field("success")) read_success(*field, respawn);
  table.finish();
}

void read_log(TableReader table, core::LogSpec& log) {
  table.read("output", log.output, kOutputs);
  if (const auto field = table.field("max_size")) {
    log.max_size = field->size().value_or(log.max_size);
    if (log.max_size != 0 && log.max_size < kSmallestLog) {
      field->error(fmt::format("{} is too small: at least {}, or 0 to never rotate",
                               human_size(log.max_size), human_size(kSmallestLog)));
    }
  }
  table.read("keep", log.keep, kKeep);
  table.read("compress", log.compress);
  table.read("format", log.format, kFormats);
  table.read("overflow", log.overflow, kOverflows);
  table.finish();
}

}  // namespace superd::config
