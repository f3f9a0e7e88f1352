#include "keeper/service_manager.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "base/log.h"
#include "keeper/fd_name.h"
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

ServiceManager::ServiceManager(std::string socket, std::chrono::milliseconds watchdog)
    : socket_(std::move(socket)) {
  if (watchdog.count() > 0) watchdog_ = watchdog;
}

void ServiceManager::store(const std::string& item, const Descriptors& fds) {
  const auto name = to_fd_name(item);
  if (!name)
    return log::warn("{} cannot be kept by the service manager: its name is too long", item);
  // A socket that does not listen yet looks hung up, and would be thrown out.
  send({.state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + *name, .fds = fds});
}

void ServiceManager::remove(const std::string& item) {
  if (const auto name = to_fd_name(item)) tell("FDSTOREREMOVE=1\nFDNAME=" + *name);
}

void ServiceManager::send(Message message) {
  if (socket_.empty()) return;
  flush();
  if (waiting_.empty() && deliver(message)) return;
  if (waiting_.size() >= kMaxWaiting) {
    return log::error("the service manager reads nothing: {:?} is lost", message.state);
  }
  waiting_.push_back(std::move(message));
}

void ServiceManager::flush() {
  while (!waiting_.empty() && deliver(waiting_.front())) waiting_.pop_front();
}

bool ServiceManager::deliver(const Message& message) const {
  std::vector<int> fds;
  if (message.fds) {
    for (const UniqueFd& fd : *message.fds) fds.push_back(fd.get());
  }
  const Status told = os::sd_notify(socket_, message.state, fds);
  if (!told && told.error().code == EAGAIN) return false;
  if (!told) log::warn("the service manager was not told: {}", told.error().message);
  return true;
}

void ServiceManager::alive(TimePoint now) {
  if (!watchdog_ || (told_alive_ && now - *told_alive_ < *watchdog_ / 2)) return;
  told_alive_ = now;
  tell("WATCHDOG=1");
}

}  // namespace superd::keeper
