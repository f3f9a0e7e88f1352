#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "client/answer.h"
#include "client/calls.h"
#include "client/interrupt.h"
#include "fake_server.h"

namespace superd::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Clock::time_point within(Clock::duration time) { return Clock::now() + time; }

// Serves without an answer until the client has gone.
void say_nothing(const std::string&, int connection) {
  char byte = 0;
  static_cast<void>(::recv(connection, &byte, 1, 0));
}

}  // namespace

TEST_CASE("calls: an answer that comes byte by byte is put together", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    for (const char c : answer(200, R"({"roll":12})")) send_text(connection, std::string(1, c));
  });
  const auto view = read_answer<wire::AcceptedView>(
      call(server.path(), {.target = "/v1/status"}, within(seconds(30))));
  REQUIRE(view);
  CHECK(view->roll == 12);
}

TEST_CASE("calls: many requests are in flight at once and each gets its own answer", "[client]") {
  const FakeServer server([](const std::string& request, int connection) {
    const auto begin = request.find("/n") + 2;
    send_text(connection, answer(200, request.substr(begin, request.find(' ', begin) - begin)));
  });
  Calls calls(server.path());
  constexpr std::size_t kCount = 200;
  for (std::size_t i = 0; i < kCount; ++i) {
    CHECK(calls.add({.target = "/n" + std::to_string(i)}) == i);
  }
  std::size_t answered = 0;
  while (calls.open() > 0) {
    auto next = calls.next(within(seconds(30)));
    REQUIRE(next);
    REQUIRE(*next);
    REQUIRE((*next)->response);
    CHECK((*next)->response->body == std::to_string((*next)->number));
    ++answered;
  }
  CHECK(answered == kCount);
}

TEST_CASE("calls: a socket that is not there means that superd is unreachable", "[client]") {
  const EmptyDirectory directory;
  const auto response = call(directory.path("control.sock"), {.target = "/"}, within(seconds(30)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ENOENT);
  CHECK(response.error().message ==
        "cannot reach superd at " + directory.path("control.sock") + ": No such file or directory");
  CHECK(exit_code_of(response.error()) == ExitCode::unreachable);
}

TEST_CASE("calls: a path that is too long for a socket is an error, not a cut path", "[client]") {
  const auto response = call(std::string(200, 'x'), {.target = "/"}, within(seconds(30)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ENAMETOOLONG);
}

TEST_CASE("calls: a connection that is closed in the middle of an answer is an error", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"roll\"");
  });
  const auto response = call(server.path(), {.target = "/"}, within(seconds(30)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ECONNRESET);
  CHECK(exit_code_of(response.error()) == ExitCode::unreachable);
}

TEST_CASE("calls: what is no HTTP is an error that names the socket", "[client]") {
  const FakeServer server([](const std::string&, int connection) {
    send_text(connection, "220 mail.example.org ESMTP\r\n\r\n");
  });
  const auto response = call(server.path(), {.target = "/"}, within(seconds(30)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == EPROTO);
  CHECK(response.error().message.find(server.path()) != std::string::npos);
}

TEST_CASE("calls: waiting ends when the time is over, however silent superd is", "[client]") {
  const FakeServer server(say_nothing);
  const auto response = call(server.path(), {.target = "/"}, within(milliseconds(50)));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ETIMEDOUT);
  CHECK(exit_code_of(response.error()) == ExitCode::timed_out);
}

TEST_CASE("calls: a full queue of the socket is waited for", "[client]") {
  const EmptyDirectory directory;
  const std::string path = directory.path("s");
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  REQUIRE(::bind(listener.get(), generic, sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 0) == 0);
  const UniqueFd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(first.get(), generic, sizeof address) == 0);
  Calls calls(path);
  calls.add({.target = "/"});
  const auto nothing = calls.next(within(milliseconds(50)));
  REQUIRE(nothing);
  CHECK_FALSE(*nothing);
  CHECK(calls.open() == 1);
}

TEST_CASE("calls: an interrupt from the keyboard ends the waiting", "[client]") {
  const FakeServer server(say_nothing);
  {
    const Interrupt interrupt;
    REQUIRE(::raise(SIGINT) == 0);  // to this thread alone
    const auto response = call(server.path(), {.target = "/"}, within(seconds(30)), interrupt.fd());
    REQUIRE_FALSE(response);
    CHECK(exit_code_of(response.error()) == ExitCode::interrupted);
  }
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGINT) == 0);
}

TEST_CASE("calls: an interrupt during a call inside a wait ends the wait", "[client]") {
  const Interrupt outer;
  {
    const Interrupt inner;
    REQUIRE(::raise(SIGINT) == 0);
  }
  pollfd seen{.fd = outer.fd(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&seen, 1, 0) == 1);
}

TEST_CASE("answer: a refusal's own words are the message", "[client]") {
  const FakeServer server(
      routes({{.begin = "GET /v1/groups/x",
               .status = 403,
               .body = R"({"status":403,"detail":"uid 7 may not see group x"})"}}));
  const auto body = body_of(call(server.path(), {.target = "/v1/groups/x"}, within(seconds(30))));
  REQUIRE_FALSE(body);
  CHECK(body.error().code == ExitCode::not_permitted);
  CHECK(body.error().message == "uid 7 may not see group x");
}

TEST_CASE("answer: a refusal without words is told by its status", "[client]") {
  const auto body = body_of(wire::Response{.status = 503, .content_type = "", .body = "<html>"});
  REQUIRE_FALSE(body);
  CHECK(body.error().code == ExitCode::unreachable);
  CHECK(body.error().message == "superd answered 503 Service Unavailable");
}

TEST_CASE("answer: an answer of another shape is an error, not a guess", "[client]") {
  const auto view = read_answer<wire::StatusView>(wire::json_response(200, "[1,2"));
  REQUIRE_FALSE(view);
  CHECK(view.error().code == ExitCode::failed);
}

}  // namespace superd::client
