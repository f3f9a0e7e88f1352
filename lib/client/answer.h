#pragma once

#include <string>

#include <tl/expected.hpp>

#include "client/exit_code.h"
#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::client {

// Why there is no answer to work with: for stderr, and for the shell.
struct Failure {
  ExitCode code = ExitCode::failed;
  std::string message{};
};

template <class T>
using Outcome = tl::expected<T, Failure>;

// The body of an answer of success (2xx). Of a refusal the detail of its problem is the message.
Outcome<std::string> body_of(Result<wire::Response> response);

// As a view of wire/views.h; an answer of another shape is a failure that says so.
template <class T>
Outcome<T> read_answer(Result<wire::Response> response) {
  auto body = body_of(std::move(response));
  if (!body) return tl::unexpected<Failure>(std::move(body.error()));
  auto view = wire::from_text<T>(*body);
  if (view) return std::move(*view);
  return tl::unexpected<Failure>(
      Failure{.code = ExitCode::failed,
              .message = "the answer of superd is not understood: " + view.error().message});
}

}  // namespace superd::client
