#include "doctor/unit_facts.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::doctor {
namespace {

using std::chrono::nanoseconds;

// Longer than any service runs, short enough to be added up.
constexpr double kMostSeconds = 1e9;

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : Number{};
}

std::optional<double> seconds_of(std::string_view unit) {
  struct Named {
    std::string_view name;
    double seconds;
  };
  constexpr std::array<Named, 9> kUnits{{{"us", 1e-6},
                                         {"ms", 1e-3},
                                         {"s", 1},
                                         {"min", 60},
                                         {"h", 3600},
                                         {"d", 86400},
                                         {"w", 604800},
                                         {"month", 2629800},
                                         {"y", 31557600}}};
  for (const Named& named : kUnits) {
    if (named.name == unit) return named.seconds;
  }
  return std::nullopt;
}

void take(UnitFacts& facts, std::string_view name, std::string_view value) {
  if (name == "MainPID") facts.main_pid = number_of<pid_t>(value);
  if (name == "KillMode") facts.kill_mode = value;
  if (name == "Restart") facts.restart = value;
  if (name == "OOMPolicy") facts.oom_policy = value;
  if (name == "NotifyAccess") facts.notify_access = value;
  if (name == "Delegate") facts.delegate = value == "yes";
  if (name == "FileDescriptorStoreMax") facts.fd_store_max = number_of<std::uint64_t>(value);
  if (name == "RuntimeDirectory") facts.makes_runtime_dir = !value.empty();
  if (name == "RuntimeDirectoryPreserve") facts.runtime_dir_preserve = value;
  // Either of them switches the limit off.
  if (name == "StartLimitIntervalUSec") facts.start_limit_interval = value;
  if (name == "StartLimitBurst") facts.start_limit_burst = value;
  if (name == "TimeoutStopUSec") {
    if (const auto time = parse_systemd_time(value)) facts.stop_timeout = *time;
  }
}

}  // namespace

std::optional<Unit> unit_of(std::string_view proc_cgroup) {
  for (const std::string& line : split(proc_cgroup, '\n')) {
    // Hybrid machines have the units in the hierarchy of systemd's own name.
    if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string::npos) continue;
    std::optional<Unit> found;
    bool in_users_manager = false;
    for (const std::string& part : split(line.substr(line.find('/') + 1), '/')) {
      if (!part.ends_with(".service") && !part.ends_with(".scope")) continue;
      found = Unit{.name = part,
                   .manager = in_users_manager ? Unit::Manager::user : Unit::Manager::system};
      in_users_manager = in_users_manager || part.starts_with("user@");
    }
    if (found) return found;
  }
  return std::nullopt;
}

std::string unit_properties() {
  return "MainPID,KillMode,Restart,OOMPolicy,NotifyAccess,Delegate,FileDescriptorStoreMax,"
         "TimeoutStopUSec,RuntimeDirectory,RuntimeDirectoryPreserve,StartLimitIntervalUSec,"
         "StartLimitBurst";
}

UnitFacts parse_unit_facts(std::string_view text) {
  UnitFacts facts;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    take(facts, std::string_view(line).substr(0, equals),
         trim(std::string_view(line).substr(equals + 1)));
  }
  return facts;
}

Result<std::optional<nanoseconds>> parse_systemd_time(std::string_view text) {
  if (text == "infinity") return std::nullopt;
  double total = 0;
  const std::vector<std::string> words = split(trim(text), ' ');
  for (const std::string& word : words) {
    const std::size_t digits = word.find_first_not_of("0123456789.");
    const std::string_view unit =
        digits == std::string::npos ? "" : std::string_view(word).substr(digits);
    const auto seconds = seconds_of(unit);
    // A bare 0 is a time as well.
    if (word == "0" && words.size() == 1) return nanoseconds(0);
    if (!seconds || digits == 0) return fail(fmt::format("\"{}\" is no time", text));
    total += number_of<double>(std::string_view(word).substr(0, digits)) * *seconds;
  }
  if (total > kMostSeconds) return std::nullopt;
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(total));
}

}  // namespace superd::doctor
