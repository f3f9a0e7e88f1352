#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include <tl/expected.hpp>

// The one error type of superd. A function that can fail returns Result<T> or Status; nothing is
// thrown across a module's edge.
namespace superd {

// What went wrong, on which object, and why: `cannot open log file /x/y: Permission denied`.
struct Error {
  // An errno value, or 0 where no system call failed.
  int code = 0;
  // A whole sentence without a full stop; it names the object.
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(std::string message, int code = 0) {
  return tl::unexpected<Error>(Error{.code = code, .message = std::move(message)});
}

// For a system call that failed: `what: strerror(code)`.
inline tl::unexpected<Error> fail_errno(std::string_view what, int code) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(code);
  return tl::unexpected<Error>(Error{.code = code, .message = std::move(message)});
}

}  // namespace superd
