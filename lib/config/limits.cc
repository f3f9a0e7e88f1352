#include "config/limits.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>

namespace superd::config {
namespace {

constexpr std::string_view kWanted = R"(a number, "unlimited" or [soft, hard])";

// What the numbers of a limit count.
enum class Counts { things, bytes };

struct Limit {
  int resource;
  Counts counts;
};

std::string in_words(std::uint64_t value) {
  return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
}

std::optional<std::uint64_t> read_one(const Field& field, Counts counts) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (const auto* number = field.as<std::int64_t>(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  const auto* text = field.as<std::string>();
  if (text != nullptr && *text == "unlimited") return RLIM_INFINITY;
  if (text != nullptr && counts == Counts::bytes) {
    const auto size = field.size();
    return size && *size <= kMost ? size : std::nullopt;
  }
  const bool digits = text != nullptr && !text->empty() &&
                      text->find_first_not_of("0123456789") == std::string::npos;
  field.wrong(kWanted, digits ? "write it without quotes" : "");
  return std::nullopt;
}

std::optional<core::RlimitSpec> read_pair(const Field& field, Counts counts) {
  if (field.as<Array>() == nullptr) {
    const auto both = read_one(field, counts);
    if (!both) return std::nullopt;
    return core::RlimitSpec{.soft = *both, .hard = *both};
  }
  const auto elements = field.elements("[1024, 65536]");
  if (elements->size() != 2) {
    field.error(fmt::format("expected {}, found an array of {}", kWanted, elements->size()));
    return std::nullopt;
  }
  const auto soft = read_one((*elements)[0], counts);
  const auto hard = read_one((*elements)[1], counts);
  if (!soft || !hard) return std::nullopt;
  if (*soft > *hard) {
    field.error(fmt::format("the soft limit {} is above the hard limit {}: write [{}, {}]",
                            in_words(*soft), in_words(*hard), in_words(*hard), in_words(*soft)));
    return std::nullopt;
  }
  return core::RlimitSpec{.soft = *soft, .hard = *hard};
}

void check_rights(const Field& field, const Context& context, int resource, std::uint64_t wanted) {
  const Machine& machine = context.machine;
  if (resource == RLIMIT_NOFILE && wanted > machine.highest_nofile) {
    return field.error(fmt::format("{} is more than the kernel allows anybody ({}, fs.nr_open)",
                                   in_words(wanted), machine.highest_nofile));
  }
  const std::uint64_t ours = machine.hard_limit(resource);
  if (machine.may_raise_limits || wanted <= ours) return;
  field.error(
      fmt::format("{} is above superd's own hard limit {}: only root can raise it, ask for {} "
                  "at most",
                  in_words(wanted), in_words(ours), in_words(ours)));
}

void read_rlimit(TableReader& table, std::string_view key, const Context& context, Limit limit,
                 std::optional<core::RlimitSpec>& to) {
  const auto field = table.field(key);
  if (!field) return;
  to = read_pair(*field, limit.counts);
  if (to) check_rights(*field, context, limit.resource, to->hard);
}

void read_nice(const Field& field, const Context& context, core::LimitsSpec& limits) {
  const auto nice = field.integer({.min = -20, .max = 19});
  if (!nice) return;
  limits.nice = static_cast<int>(*nice);
  if (*nice < context.machine.lowest_nice) {
    field.error(fmt::format("superd has no right to go below {}: only root can",
                            context.machine.lowest_nice));
  }
}

void read_oom(const Field& field, const Context& context, core::LimitsSpec& limits) {
  const auto score = field.integer({.min = -1000, .max = 1000});
  if (!score) return;
  limits.oom_score_adj = static_cast<int>(*score);
  if (*score < context.machine.lowest_oom_score_adj) {
    field.error(fmt::format("superd has no right to go below {}: only root can",
                            context.machine.lowest_oom_score_adj));
  }
}

void read_cpus(const Field& field, const Context& context, core::LimitsSpec& limits) {
  constexpr std::string_view kList = R"(a list of processors such as "0-3,5")";
  const auto text = field.filled_text(kList);
  if (!text) return;
  const auto cpus = parse_cpu_list(*text);
  if (!cpus) return field.wrong(kList);
  limits.cpus = *cpus;
  const auto& there = context.machine.cpus;
  for (const int cpu : *cpus) {
    if (std::find(there.begin(), there.end(), cpu) != there.end()) continue;
    return field.error(
        fmt::format("there is no processor {}: this machine has {} of them, the last "
                    "one is {}",
                    cpu, there.size(), there.empty() ? 0 : there.back()));
  }
}

}  // namespace

void read_limits(TableReader table, const Context& context, core::LimitsSpec& limits) {
  read_rlimit(table, "nofile", context, {RLIMIT_NOFILE, Counts::things}, limits.nofile);
  read_rlimit(table, "core", context, {RLIMIT_CORE, Counts::bytes}, limits.core);
  read_rlimit(table, "as", context, {RLIMIT_AS, Counts::bytes}, limits.address_space);
  read_rlimit(table, "nproc", context, {RLIMIT_NPROC, Counts::things}, limits.nproc);
  if (const auto field = table.field("nice")) read_nice(*field, context, limits);
  if (const auto field = table.field("oom_score_adj")) read_oom(*field, context, limits);
  if (const auto field = table.field("cpus")) read_cpus(*field, context, limits);
  if (const auto field = table.field("no_new_privileges")) {
    limits.no_new_privileges = field->boolean();
  }
  table.finish();
}

}  // namespace superd::config
