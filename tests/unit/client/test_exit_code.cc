#include <cerrno>

#include <catch2/catch.hpp>

#include "client/exit_code.h"

namespace superd::client {

TEST_CASE("exit code: of several outcomes the worst one is told", "[client]") {
  CHECK(worst(ExitCode::done, ExitCode::done) == ExitCode::done);
  CHECK(worst(ExitCode::done, ExitCode::not_running) == ExitCode::not_running);
  CHECK(worst(ExitCode::failed, ExitCode::timed_out) == ExitCode::failed);
  CHECK(worst(ExitCode::timed_out, ExitCode::not_running) == ExitCode::timed_out);
  CHECK(worst(ExitCode::no_such_name, ExitCode::failed) == ExitCode::no_such_name);
  CHECK(worst(ExitCode::failed, ExitCode::unreachable) == ExitCode::unreachable);
  CHECK(worst(ExitCode::interrupted, ExitCode::unreachable) == ExitCode::interrupted);
}

TEST_CASE("exit code: each refusal of superd has its code", "[client]") {
  CHECK(exit_code_of_status(200) == ExitCode::done);
  CHECK(exit_code_of_status(202) == ExitCode::done);
  CHECK(exit_code_of_status(400) == ExitCode::usage);
  CHECK(exit_code_of_status(403) == ExitCode::not_permitted);
  CHECK(exit_code_of_status(404) == ExitCode::no_such_name);
  CHECK(exit_code_of_status(409) == ExitCode::failed);
  CHECK(exit_code_of_status(503) == ExitCode::unreachable);
}

TEST_CASE("exit code: a socket that may not be opened is not permitted", "[client]") {
  CHECK(exit_code_of(Error{.code = EACCES, .message = ""}) == ExitCode::not_permitted);
  CHECK(exit_code_of(Error{.code = ENOENT, .message = ""}) == ExitCode::unreachable);
  CHECK(exit_code_of(Error{.code = ECONNREFUSED, .message = ""}) == ExitCode::unreachable);
  CHECK(exit_code_of(Error{.code = 0, .message = ""}) == ExitCode::failed);
}

}  // namespace superd::client
