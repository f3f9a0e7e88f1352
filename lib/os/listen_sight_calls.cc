#include "os/listen_sight_calls.h"

#include <charconv>

namespace superd::os {
namespace {

// Takes the next word of a line of words, without `prefix`, as a number; nothing where it is none.
template <class Number>
std::optional<Number> take_number(std::string_view& line, std::string_view prefix, int base) {
  if (!line.starts_with(prefix)) return std::nullopt;
  line.remove_prefix(prefix.size());
  Number number{};
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!line.empty() && line.front() != ' ' && line.front() != '\n') return std::nullopt;
  if (!line.empty()) line.remove_prefix(1);
  return number;
}

}  // namespace

std::optional<BlockedCall> parse_blocked_call(std::string_view line) {
  const auto number = take_number<int>(line, "", 10);
  if (!number || *number < 0) return std::nullopt;
  BlockedCall call{.number = *number, .arguments = {}};
  for (std::uint64_t& argument : call.arguments) {
    const auto value = take_number<std::uint64_t>(line, "0x", 16);
    if (!value) return std::nullopt;
    argument = *value;
  }
  return call;
}

std::optional<WaitKind> wait_kind(int number, const CallNumbers& calls) {
  if (number < 0) return std::nullopt;
  if (number == calls.accept || number == calls.accept4) return WaitKind::accept;
  if (number == calls.poll || number == calls.ppoll || number == calls.restart_syscall) {
    return WaitKind::poll;
  }
  if (number == calls.select || number == calls.pselect6) return WaitKind::select;
  const bool epoll =
      number == calls.epoll_wait || number == calls.epoll_pwait || number == calls.epoll_pwait2;
  if (epoll) return WaitKind::epoll;
  return std::nullopt;
}

}  // namespace superd::os
