#include "config/report.h"

#include <cstddef>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::config {

std::vector<std::string> report(const std::string& file, const Loaded& loaded) {
  const auto& groups = loaded.spec.groups;
  std::vector<std::string> lines{
      fmt::format("{}: ok, {} group{}", file, groups.size(), groups.size() == 1 ? "" : "s")};
  for (std::size_t i = 0; i < groups.size() && i < loaded.runners.size(); ++i) {
    lines.push_back(
        printable(fmt::format("{}: {}", groups[i].name, to_string(loaded.runners[i], groups[i]))));
    for (const std::string& note : loaded.runners[i].notes) {
      lines.push_back(printable("  " + note));
    }
  }
  return lines;
}

std::string warning_text(const ConfigError& warning) {
  return fmt::format("{}: warning: {}", to_string(warning.place), warning.message);
}

}  // namespace superd::config
