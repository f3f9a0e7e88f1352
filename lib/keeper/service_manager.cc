#include "keeper/service_manager.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include <unistd.h>

#include "base/log.h"
#include "os/sd_notify.h"

namespace superd::keeper {
namespace {

std::string take_variable(const char* name) {
  const char* value = ::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  manager.socket_ = take_variable("NOTIFY_SOCKET");
  const auto usec = number(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  if (manager.socket_.empty() || !usec || *usec <= 0) return manager;
  if (!pid.empty() && number(pid) != ::getpid()) return manager;
  const auto half = std::chrono::microseconds(*usec / 2);
  manager.watchdog_ = std::chrono::ceil<std::chrono::milliseconds>(half);
  return manager;
}

void ServiceManager::tell(std::string_view state) const {
  const Status told = os::sd_notify(socket_, state);
  if (!told) log::warn("the service manager was not told: {}", told.error().message);
}

void ServiceManager::alive(TimePoint now) {
  if (!watchdog_ || (told_alive_ && now - *told_alive_ < *watchdog_ / 2)) return;
  told_alive_ = now;
  tell("WATCHDOG=1");
}

}  // namespace superd::keeper
