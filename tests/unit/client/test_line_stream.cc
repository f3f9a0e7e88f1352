#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "client/line_stream.h"
#include "fake_server.h"

namespace superd::client {
namespace {

constexpr const char* kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n";

Clock::time_point soon() { return Clock::now() + std::chrono::seconds(30); }

void wait_until_client_goes(int connection) {
  char byte = 0;
  static_cast<void>(::recv(connection, &byte, 1, 0));
}

TEST_CASE("streams: lines are given while the answer goes on, whole ones only", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, std::string(kHead) + "one\ntwo\nthr");
    wait_until_client_goes(connection);
  });
  LineStream stream(server.path(), {.target = "/v1/events"}, {});
  std::vector<std::string> lines;
  while (lines.size() < 2) {
    const auto some = stream.next(soon());
    REQUIRE(some);
    REQUIRE_FALSE(some->over);
    lines.insert(lines.end(), some->lines.begin(), some->lines.end());
  }
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(stream.began());
  const auto nothing = stream.next(Clock::now());
  REQUIRE(nothing);
  CHECK(nothing->lines.empty());
  CHECK_FALSE(nothing->over);
}

TEST_CASE("streams: the end of the connection is the end of the answer, a torn line is none",
          "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, std::string(kHead) + "one\ntw");
  });
  LineStream stream(server.path(), {.target = "/v1/events"}, {});
  std::vector<std::string> lines;
  for (bool over = false; !over;) {
    const auto some = stream.next(soon());
    REQUIRE(some);
    over = some->over;
    lines.insert(lines.end(), some->lines.begin(), some->lines.end());
  }
  CHECK(lines == std::vector<std::string>{"one"});
}

TEST_CASE("streams: a refusal is an answer, not lines", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, answer(403, R"({"detail":"no\n"})"));
  });
  LineStream stream(server.path(), {.target = "/v1/events"}, {});
  const auto some = stream.next(soon());
  REQUIRE(some);
  REQUIRE(some->refusal);
  CHECK(some->refusal->status == 403);
  CHECK_FALSE(stream.began());
}

TEST_CASE("streams: an output that nobody reads ends the wait", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, kHead);
    wait_until_client_goes(connection);
  });
  int pipe[2] = {-1, -1};
  REQUIRE(::pipe(pipe) == 0);
  ::close(pipe[0]);
  LineStream stream(server.path(), {.target = "/v1/events"},
                    {.interrupt_fd = -1, .output_fd = pipe[1]});
  const auto some = stream.next(soon());
  REQUIRE_FALSE(some);
  CHECK(some.error().code == EPIPE);
  ::close(pipe[1]);
}

TEST_CASE("streams: nothing is waited for while one has its end to tell", "[client]") {
  const FakeServer server(
      [](const std::string&, int connection) { wait_until_client_goes(connection); });
  LineStream lives(server.path(), {.target = "/v1/events"}, {});
  LineStream refused(server.path() + ".none", {.target = "/v1/events"}, {});
  const auto until = Clock::now() + std::chrono::seconds(10);
  REQUIRE(LineStream::wait_for_any({&lives, &refused}, {}, until));
  CHECK(Clock::now() < until);
  const auto some = refused.next(Clock::time_point::min());
  REQUIRE_FALSE(some);
  CHECK(some.error().code == ENOENT);
}

}  // namespace
}  // namespace superd::client
