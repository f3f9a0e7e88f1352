#include <memory>
#include <optional>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "daemon/http_probe.h"
#include "probe_fixture.h"
#include "readiness_fixture.h"

using namespace superd;
using namespace superd::daemon;
using namespace superd::daemon::test;
using namespace std::chrono_literals;

namespace {

struct Asking {
  loop::Loop loop = *loop::Loop::create();
  HandMadeServer server;
  std::unique_ptr<HttpProbe> probe;
  std::optional<HttpProbe::End> end;
  int ends = 0;

  explicit Asking(HandMadeServer::Handler handler, UniqueFd socket = listen_on_loopback())
      : server(loop, std::move(socket), std::move(handler)) {}

  void ask(std::chrono::milliseconds limit = 60s) {
    const auto address = os::bound_address(server.socket());
    REQUIRE(address);
    probe = std::make_unique<HttpProbe>(
        loop, HttpProbe::Request{.address = *address, .path = "/health?deep=1", .limit = limit},
        [this](const HttpProbe::End& what) {
          ++ends;
          end = what;
          probe.reset();
        });
  }
  HttpProbe::End outcome(std::chrono::milliseconds limit = 60s) {
    server.begin();
    ask(limit);
    REQUIRE(loop::run_until(loop, [&] { return end.has_value(); }));
    CHECK(ends == 1);
    return *end;
  }
};

HttpProbe::End outcome_of(HandMadeServer::Handler handler, std::chrono::milliseconds limit = 60s) {
  return Asking(std::move(handler)).outcome(limit);
}

}  // namespace

TEST_CASE("probe: superd asks by one GET request on a connection of its own", "[probe]") {
  Asking asking(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  CHECK(asking.outcome().status == 200);
  REQUIRE(asking.server.requests.size() == 1);
  CHECK(asking.server.requests.front() ==
        "GET /health?deep=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: superd\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n");
}

TEST_CASE("probe: a unix socket is asked like a port", "[probe]") {
  const std::string path = "/tmp/superd-probe-" + std::to_string(::getpid());
  Asking asking(answer("HTTP/1.0 204 Fine\r\n\r\n"), listen_on_path(path));
  CHECK(asking.outcome().status == 204);
  ::unlink(path.c_str());
}

TEST_CASE("probe: whatever is answered is told, and no redirect followed", "[probe]") {
  const auto failed = outcome_of(answer("HTTP/1.1 500 Oops\r\n\r\nTraceback"));
  CHECK(failed.status == 500);
  CHECK(failed.what == "answered 500");
  Asking moved(answer("HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n\r\n"));
  CHECK(moved.outcome().status == 301);
  CHECK(moved.server.requests.size() == 1);
  CHECK(outcome_of(answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 401 No\r\n\r\n")).status ==
        401);
}

TEST_CASE("probe: a connection waits in the queue until the application is there", "[probe]") {
  Asking asking(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  asking.ask();
  for (int i = 0; i < 5; ++i) {
    loop::Timer turn(asking.loop, [] {});
    turn.after(2ms);
    asking.loop.run_once();
  }
  CHECK_FALSE(asking.end);
  asking.server.begin();
  REQUIRE(loop::run_until(asking.loop, [&] { return asking.end.has_value(); }));
  CHECK(asking.end->status == 200);
}

TEST_CASE("probe: silence is no answer, and lasts no longer than the limit", "[probe]") {
  const auto never = [](HandMadeServer::Client&) {};
  const auto silent = outcome_of(never, 50ms);
  CHECK_FALSE(silent.status);
  CHECK(silent.what == "no answer within 50ms");
  Asking waiting(never);
  waiting.ask(50ms);  // nobody takes the connection
  REQUIRE(loop::run_until(waiting.loop, [&] { return waiting.end.has_value(); }));
  CHECK(waiting.end->what == "no answer within 50ms");
}

TEST_CASE("probe: an answer that comes drop by drop gets no more time", "[probe]") {
  loop::Loop* loop = nullptr;
  std::optional<loop::Timer> drop;
  Asking asking([&](HandMadeServer::Client& client) {
    drop.emplace(*loop, [&] {
      client.send("X-Header: 1\r\n");
      drop->after(5ms);
    });
    client.send("HTTP/1.1 200 OK\r\n");
    drop->after(5ms);
  });
  loop = &asking.loop;
  const auto slow = asking.outcome(100ms);
  CHECK_FALSE(slow.status);
  CHECK(slow.what == "no answer within 100ms");
  drop.reset();
}

TEST_CASE("probe: a body without end does not take back what its head answered", "[probe]") {
  const auto endless = outcome_of(
      [](HandMadeServer::Client& client) {
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nthe first of many");
      },
      50ms);
  CHECK(endless.status == 200);
  const auto too_long =
      outcome_of(answer("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"));
  CHECK(too_long.status == 200);
  CHECK(outcome_of(answer("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\nzz")).status ==
        503);
}

TEST_CASE("probe: what is no HTTP is no answer", "[probe]") {
  const auto garbage = outcome_of(answer("SSH-2.0-OpenSSH_9.2\r\n"));
  CHECK_FALSE(garbage.status);
  CHECK(garbage.what.starts_with("the answer is no HTTP: "));
  loop::Loop* loop = nullptr;
  std::optional<loop::Timer> more;
  Asking asking([&](HandMadeServer::Client& client) {
    more.emplace(*loop, [&] {
      client.send("X-Header: " + std::string(4000, 'x') + "\r\n");
      more->after(1ms);
    });
    client.send("HTTP/1.1 200 OK\r\n");
    more->after(1ms);
  });
  loop = &asking.loop;
  const auto huge = asking.outcome();
  more.reset();
  CHECK_FALSE(huge.status);
  CHECK(huge.what.starts_with("the answer is no HTTP: "));
}

TEST_CASE("probe: a connection that is closed is no answer", "[probe]") {
  const auto closed = outcome_of([](HandMadeServer::Client& client) { client.close(); });
  CHECK_FALSE(closed.status);
  CHECK(closed.what == "it closed the connection without an answer");
  const auto cut = outcome_of(answer("HTTP/1.1 200 OK\r\nContent-Le"));
  CHECK_FALSE(cut.status);
  CHECK(cut.what == "the answer is cut off");
}

TEST_CASE("probe: a port without a listener refuses, and that is told later", "[probe]") {
  loop::Loop loop = *loop::Loop::create();
  UniqueFd gone = listen_on_loopback();
  const auto address = os::bound_address(gone.get());
  REQUIRE(address);
  gone.reset();
  std::optional<HttpProbe::End> end;
  const HttpProbe probe(loop, {.address = *address, .path = "/"},
                        [&](const HttpProbe::End& what) { end = what; });
  CHECK_FALSE(end);
  REQUIRE(loop::run_until(loop, [&] { return end.has_value(); }));
  CHECK(end->what == "Connection refused");
}

TEST_CASE("probe: one that is given up closes its connection and tells nothing", "[probe]") {
  Asking asking([](HandMadeServer::Client&) {});
  asking.server.begin();
  asking.ask();
  REQUIRE(loop::run_until(asking.loop, [&] { return !asking.server.requests.empty(); }));
  asking.probe.reset();
  REQUIRE(loop::run_until(asking.loop, [&] { return asking.server.clients_gone == 1; }));
  CHECK(asking.ends == 0);
}
