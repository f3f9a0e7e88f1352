#include "keeper/listen_fds.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"

namespace superd::keeper {
namespace {

constexpr int kFirst = 3;

std::optional<std::int64_t> number(const char* name) {
  const char* value = ::getenv(name);
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  std::int64_t result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

std::vector<std::string> names(const char* joined) {
  std::vector<std::string> result;
  if (joined == nullptr) return result;
  std::string_view rest = joined;
  for (;;) {
    const std::size_t colon = rest.find(':');
    result.emplace_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) return result;
    rest.remove_prefix(colon + 1);
  }
}

}  // namespace

Result<int> count_listen_fds() {
  if (number("LISTEN_PID") != ::getpid()) return 0;
  const std::int64_t count = number("LISTEN_FDS").value_or(0);
  if (count <= 0 || count > ::sysconf(_SC_OPEN_MAX)) return 0;
  for (int fd = kFirst; fd < kFirst + count; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    return fail(fmt::format("descriptor {}, which LISTEN_FDS promises, is not open: none of the {} "
                            "is taken",
                            fd, count),
                EBADF);
  }
  return static_cast<int>(count);
}

void forget_listen_fds() {
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
}

std::vector<GivenFd> take_listen_fds() {
  const Result<int> count = count_listen_fds();
  if (!count) log::warn("{}", count.error().message);
  std::vector<GivenFd> given(static_cast<std::size_t>(count.value_or(0)));
  const std::vector<std::string> named = names(::getenv("LISTEN_FDNAMES"));
  for (std::size_t i = 0; i < given.size(); ++i) {
    given[i].fd.reset(kFirst + static_cast<int>(i));
    ::fcntl(given[i].fd.get(), F_SETFD, FD_CLOEXEC);
    if (i < named.size()) given[i].name = named[i];
  }
  forget_listen_fds();
  return given;
}

}  // namespace superd::keeper
