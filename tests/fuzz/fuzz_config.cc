#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "config/load.h"

namespace {

// Asks no account database, which would take most of the time.
superd::config::Machine small_machine() {
  superd::config::Machine machine = superd::config::this_machine();
  machine.find_user = [](const std::string& name) -> std::optional<superd::config::Account> {
    if (name != "root") return std::nullopt;
    return superd::config::Account{.name = name, .uid = 0, .gid = 0};
  };
  machine.find_group = [](const std::string& name) -> std::optional<gid_t> {
    return name == "root" ? std::optional<gid_t>(0) : std::nullopt;
  };
  return machine;
}

}  // namespace

// Any bytes as a config: never a crash, and an error message never holds a control character.
// libFuzzer wants this name and this type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const superd::config::Machine machine = small_machine();
  const superd::UniqueFd fd(::memfd_create("config", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const superd::config::Defaults defaults{
      .runtime_dir = "/run/x", .log_dir = "/x", .state_dir = "/x"};
  const auto loaded =
      superd::config::load(fmt::format("/proc/self/fd/{}", fd.get()), defaults, machine);
  for (const auto& error : loaded.errors) {
    for (const char c : to_string(error)) {
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
    }
  }
  return 0;
}
