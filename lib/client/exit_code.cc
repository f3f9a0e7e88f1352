#include "client/exit_code.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace superd::client {
namespace {

constexpr std::array kBySeverity = {
    ExitCode::interrupted,   ExitCode::usage,        ExitCode::unreachable,
    ExitCode::not_permitted, ExitCode::no_such_name, ExitCode::failed,
    ExitCode::timed_out,     ExitCode::not_running,  ExitCode::done,
};

}  // namespace

ExitCode worst(ExitCode a, ExitCode b) {
  const auto position = [](ExitCode code) { return std::ranges::find(kBySeverity, code); };
  return position(a) <= position(b) ? a : b;
}

ExitCode exit_code_of_status(int http_status) {
  if (http_status >= 200 && http_status < 300) return ExitCode::done;
  switch (http_status) {
    case 400:
      return ExitCode::usage;
    case 401:
    case 403:
      return ExitCode::not_permitted;
    case 404:
      return ExitCode::no_such_name;
    case 408:
      return ExitCode::timed_out;
    case 503:
      return ExitCode::unreachable;
    default:
      return ExitCode::failed;
  }
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case 0:
      return ExitCode::failed;
    case EACCES:
    case EPERM:
      return ExitCode::not_permitted;
    case ETIMEDOUT:
      return ExitCode::timed_out;
    case EINTR:
      return ExitCode::interrupted;
    default:
      return ExitCode::unreachable;
  }
}

}  // namespace superd::client
