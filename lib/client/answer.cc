#include "client/answer.h"

#include <utility>

#include <fmt/format.h>

namespace superd::client {

Outcome<std::string> body_of(Result<wire::Response> response) {
  if (!response) {
    return tl::unexpected<Failure>(Failure{.code = exit_code_of(response.error()),
                                           .message = std::move(response.error().message)});
  }
  const ExitCode code = exit_code_of_status(response->status);
  if (code == ExitCode::done) return std::move(response->body);
  const auto problem = wire::from_text<wire::Problem>(response->body);
  std::string message = problem && !problem->detail.empty()
                            ? problem->detail
                            : fmt::format("superd answered {} {}", response->status,
                                          wire::reason_phrase(response->status));
  return tl::unexpected<Failure>(Failure{.code = code, .message = std::move(message)});
}

}  // namespace superd::client
