#include "os/oom_kills.h"

#include <algorithm>

#include "base/number.h"
#include "os/read_file.h"

namespace superd::os {

std::optional<std::uint64_t> parse_oom_kills(std::string_view vmstat) {
  constexpr std::string_view kKey = "\noom_kill ";
  const std::size_t at = vmstat.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = vmstat.substr(at + kKey.size());
  return to_number<std::uint64_t>(rest.substr(0, rest.find('\n')));
}

std::optional<std::uint64_t> oom_kills() {
  const Result<std::string> vmstat = read_file("/proc/vmstat");
  return vmstat ? parse_oom_kills(*vmstat) : std::nullopt;
}

}  // namespace superd::os
