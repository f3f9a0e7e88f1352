#include <cerrno>
#include <random>

#include <fcntl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "http_fixture.h"

namespace superd::daemon::test {
namespace {

using namespace std::chrono_literals;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

HttpServer::Options with(HttpLimits limits) { return {.limits = limits}; }

TEST_CASE("control: a request whose head does not come in time is 408", "[daemon]") {
  ServerUnderTest under(with({.head_timeout = 30ms}));
  Client client = under.connect();
  client.send("GET /echo HTTP/1.1\r\n");
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(has(client.received(), "HTTP/1.1 408 "));
}

TEST_CASE("control: a connection that says nothing is closed", "[daemon]") {
  ServerUnderTest under(with({.head_timeout = 30ms}));
  Client client = under.connect();
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(client.received().empty());
}

TEST_CASE("control: a body that does not come in time is 408", "[daemon]") {
  ServerUnderTest under(with({.body_timeout = 30ms}));
  Client client = under.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  REQUIRE(under.run_until([&] { return client.closed(); }));
  CHECK(has(client.received(), "HTTP/1.1 408 "));
  CHECK(under.targets.empty());
}

TEST_CASE("control: an idle connection is closed, one that waits for its answer is not",
          "[daemon]") {
  ServerUnderTest under(with({.head_timeout = 1h, .idle_timeout = 30ms}));
  Client waiting = under.connect();
  waiting.send(get("/wait"));
  Client idle = under.connect();
  idle.send(get("/echo"));
  REQUIRE(under.run_until([&] { return idle.closed() && under.owed.size() == 1; }));
  CHECK(has(idle.received(), "/echo"));
  CHECK_FALSE(waiting.closed());
  CHECK(under.owed[0].pending());
}

TEST_CASE("control: a client that does not take its answer is left behind", "[daemon]") {
  ServerUnderTest under(with({.write_timeout = 30ms}));
  Client client = under.connect();
  client.send(get("/large"));
  REQUIRE(under.run_until([&] { return under.owed.size() == 1; }));
  under.owed[0].answer(wire::json_response(200, std::string(8 << 20, 'x')));
  CHECK(under.run_until([&] { return under.server->connections() == 0; }));
}

TEST_CASE("control: what is no HTTP is refused and the connection closed", "[daemon]") {
  ServerUnderTest under;
  CHECK(has(under.exchange("hello\r\n\r\n"), "HTTP/1.1 400 "));
  CHECK(has(under.exchange("GET / HTTP/1.1\r\n\r\n" + get("/echo")), "HTTP/1.1 400 "));
  CHECK(has(under.exchange("GET /" + std::string(20000, 'a')), "HTTP/1.1 431 "));
  CHECK(under.targets.empty());
}

TEST_CASE("control: a client reads why its upload was refused", "[daemon]") {
  ServerUnderTest under;
  Client client = under.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n" +
              std::string(4'000'000, 'x'));
  REQUIRE(under.run_until([&] { return has(client.received(), "HTTP/1.1 413 "); }));
  CHECK(under.targets.empty());
}

TEST_CASE("control: one client too many is told so, until another leaves", "[daemon]") {
  ServerUnderTest under({.max_connections = 2});
  Client first = under.connect();
  Client second = under.connect();
  REQUIRE(under.run_until([&] { return under.server->connections() == 2; }));
  CHECK(has(under.exchange(get("/echo")), "HTTP/1.1 503 "));
  first.send(get("/echo"));
  CHECK(under.run_until([&] { return has(first.received(), "HTTP/1.1 200 "); }));
  second.close();
  REQUIRE(under.run_until([&] { return under.server->connections() == 1; }));
  CHECK(has(under.exchange(get("/echo")), "HTTP/1.1 200 "));
}

// Takes every descriptor that is left, under a low limit.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit low = before_;
    low.rlim_cur = 256;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    while (true) {
      UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!fd) break;
      taken_.push_back(std::move(fd));
    }
  }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<UniqueFd> taken_;
};

TEST_CASE("control: superd answers although no descriptor is free, one client after the other",
          "[daemon]") {
  ServerUnderTest under;
  Client first = under.connect();
  Client second = under.connect();
  const NoDescriptorsLeft none;
  for (Client* client : {&first, &second}) {
    client->send("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  CHECK(under.run_until([&] { return first.closed() && second.closed(); }));
  CHECK(has(first.received(), "HTTP/1.1 200 "));
  CHECK(has(second.received(), "HTTP/1.1 200 "));
}

TEST_CASE("control: no bytes that clients send stop superd from answering", "[daemon]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  ServerUnderTest under(with({.linger_timeout = 5ms}));
  const std::vector<std::string> parts = {get("/echo"),
                                          get("/wait"),
                                          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n",
                                          "\r\n",
                                          "\r\n\r\n",
                                          "{}",
                                          "GET /%00 HTTP/1.1\r\n",
                                          std::string(3000, 'A'),
                                          std::string("\0\xff\x80", 3)};
  for (int round = 0; round < 200; ++round) {
    std::vector<Client> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(under.connect());
    for (int step = 0; step < 40; ++step) {
      Client& client = clients[random() % clients.size()];
      client.send(parts[random() % parts.size()]);
      if (random() % 10 == 0) client.close_sending();
      if (random() % 4 == 0) client.take_received();
      if (random() % 4 == 0)
        under.run_until([first = true]() mutable { return !std::exchange(first, false); });
      if (!under.owed.empty() && random() % 3 == 0) under.owed.pop_back();
    }
    under.owed.clear();
  }
  // Clients that left are noticed although nobody ever answers what they wait for.
  CHECK(under.run_until([&] { return under.server->connections() == 0; }));
  CHECK(has(under.exchange(get("/echo")), "HTTP/1.1 200 "));
}

}  // namespace
}  // namespace superd::daemon::test
