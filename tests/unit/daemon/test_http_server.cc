#include <memory>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "http_fixture.h"

namespace superd::daemon::test {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string ok(std::string_view body) {
  return wire::serialize(wire::json_response(200, std::string(body)), wire::Method::get,
                         wire::KeepAlive::yes);
}

TEST_CASE("control: a request is answered, and superd knows who asks", "[daemon]") {
  ServerUnderTest under;
  CHECK(under.exchange(get("/echo")) == ok("/echo"));
  CHECK(under.peer_uid == ::getuid());
  CHECK(under.peer_pid == ::getpid());
}

TEST_CASE("control: a connection carries one request after the other", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  for (const char* target : {"/echo1", "/echo2", "/echo3"}) {
    client.send(get(target));
    REQUIRE(under.run_until([&] { return client.received() == ok(target); }));
    client.take_received();
  }
  CHECK(under.server->connections() == 1);
  client.close();
  CHECK(under.run_until([&] { return under.server->connections() == 0; }));
}

TEST_CASE("control: requests sent at once are handled in order, one at a time", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(get("/wait") + get("/echo1") + get("/echo2"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  CHECK(under.targets == std::vector<std::string>{"/wait"});
  CHECK(client.received().empty());
  under.owed[0].answer(wire::json_response(200, "{}"));
  const std::string all = ok("{}") + ok("/echo1") + ok("/echo2");
  CHECK(under.run_until([&] { return client.received() == all; }));
}

TEST_CASE("control: who is connected stays so when the server listens elsewhere", "[daemon]") {
  ServerUnderTest under;
  Client waiting = under.connect();
  waiting.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  under.move();
  CHECK(under.exchange(get("/echo")) == ok("/echo"));
  under.owed[0].answer(wire::json_response(200, "{}"));
  REQUIRE(under.run_until([&] { return waiting.take_received() == ok("{}"); }));
  waiting.send(get("/echo"));
  CHECK(under.run_until([&] { return waiting.take_received() == ok("/echo"); }));
  CHECK(under.server->connections() >= 1);
}

TEST_CASE("control: the connection closes after the answer when the client wants it", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send("GET /echo HTTP/1.0\r\n\r\n");
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(has(client.received(), "\r\nConnection: close\r\n"));
  CHECK(has(client.received(), "\r\n\r\n/echo"));
}

TEST_CASE("control: the answer to HEAD has no body", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send("HEAD /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(has(client.received(), "Content-Length: 5\r\n"));
  CHECK(client.received().ends_with("\r\n\r\n"));
}

TEST_CASE("control: a client that asks first is told to send its body", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(under.run_until([&] { return client.take_received() == wire::kContinue; }));
  client.send("{}");
  REQUIRE(under.run_until([&] { return has(client.received(), "/echo"); }));
  CHECK(under.bodies == std::vector<std::string>{"{}"});
}

TEST_CASE("control: a request that nobody answers is 500", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  CHECK(under.owed[0].pending());
  under.owed.clear();
  CHECK(under.run_until([&] { return has(client.received(), "HTTP/1.1 500 "); }));
}

TEST_CASE("control: a client that goes away is noticed while it waits", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  int gone = 0;
  under.owed[0].on_gone([&] {
    ++gone;
    under.owed.clear();
  });
  client.close();
  REQUIRE(under.run_until([&] { return gone > 0; }));
  CHECK(gone == 1);
  CHECK(under.server->connections() == 0);
}

TEST_CASE("control: a client that stops sending, or sends far ahead, and then goes is noticed",
          "[daemon]") {
  ServerUnderTest under;
  Client half = under.connect();
  half.send(get("/wait"));
  half.close_sending();
  Client ahead = under.connect();
  ahead.send(get("/wait") + std::string(1 << 20, 'x'));
  REQUIRE(under.run_until([&] { return under.owed.size() == 2; }));
  int gone = 0;
  for (Responder& responder : under.owed) responder.on_gone([&] { ++gone; });
  loop::Timer later(under.loop, [&] {
    half.close();
    ahead.close();
  });
  later.after(std::chrono::milliseconds(20));
  REQUIRE(under.run_until([&] { return gone == 2; }));
  CHECK(under.server->connections() == 0);
}

TEST_CASE("control: a client that only stops sending still gets its answer", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(get("/wait") + get("/echo"));
  client.close_sending();
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  loop::Timer later(under.loop, [&] { under.owed[0].answer(wire::json_response(200, "{}")); });
  later.after(std::chrono::milliseconds(20));
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(client.received() == ok("{}") + ok("/echo"));
}

TEST_CASE("control: an answer after the client or the server has gone goes nowhere", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  under.server.reset();
  CHECK_FALSE(under.owed[0].pending());
  under.owed[0].answer(wire::json_response(200, "{}"));
  CHECK(under.run_until([&] { return client.closed(); }));
  CHECK(client.received().empty());
}

TEST_CASE("control: a large answer reaches a slow reader whole, too large a one is 500",
          "[daemon]") {
  HttpServer::Options options;
  options.limits.max_answer_bytes = std::size_t{4} << 20;
  ServerUnderTest under(options);
  Client client = under.connect();
  client.send(get("/large") + get("/larger"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  const std::string body(options.limits.max_answer_bytes, 'x');
  under.owed[0].answer(wire::json_response(200, body));
  REQUIRE(under.run_until([&] { return client.received() == ok(body); }));
  REQUIRE(under.run_until([&] { return under.owed.size() == 2; }));
  client.take_received();
  under.owed[1].answer(wire::json_response(200, body + "x"));
  CHECK(under.run_until([&] { return has(client.received(), "HTTP/1.1 500 "); }));
}

TEST_CASE("control: without a connection there is no timer", "[daemon]") {
  ServerUnderTest under;
  CHECK(under.active_timers() == 0);
  CHECK(under.exchange(get("/echo")) == ok("/echo"));
  REQUIRE(under.run_until([&] { return under.server->connections() == 0; }));
  CHECK(under.active_timers() == 0);
  Client client = under.connect();
  client.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  CHECK(under.active_timers() == 0);
}

TEST_CASE("control: at the end new requests are 503 and owed answers are still given", "[daemon]") {
  ServerUnderTest under;
  Client waiting = under.connect();
  waiting.send(get("/wait"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  int idle = 0;
  under.server->stop([&] { ++idle; });
  CHECK(has(under.exchange(get("/echo")), "HTTP/1.1 503 "));
  CHECK(idle == 0);
  under.owed[0].answer(wire::json_response(200, "{}"));
  REQUIRE(under.run_until([&] { return idle > 0; }));
  CHECK(idle == 1);
  CHECK(waiting.received() == ok("{}"));
}

TEST_CASE("control: a server with nothing in hand is idle at once", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  int idle = 0;
  under.server->stop([&] {
    ++idle;
    under.server.reset();
  });
  CHECK(idle == 0);
  REQUIRE(under.run_until([&] { return idle == 1; }));
  CHECK(under.run_until([&] { return client.closed(); }));
}

}  // namespace
}  // namespace superd::daemon::test
