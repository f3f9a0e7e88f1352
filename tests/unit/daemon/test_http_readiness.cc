#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "daemon/http_readiness.h"
#include "os/listen_socket.h"
#include "probe_fixture.h"
#include "readiness_fixture.h"

using namespace superd;
using namespace superd::daemon;
using namespace superd::daemon::test;

namespace {

constexpr core::SpawnId kSpawn{7};

struct Watching {
  loop::Loop loop = *loop::Loop::create();
  std::string reply;
  HandMadeServer server{loop, listen_on_loopback(),
                        [this](HandMadeServer::Client& client) { answer(reply)(client); }};
  int ready = 0;
  int refused = 0;
  HttpReadiness readiness{loop,
                          {.on_ready = [this](core::SpawnId) { ++ready; },
                           .on_refused = [this](core::SpawnId) { ++refused; }}};
  std::string asked;

  explicit Watching(std::string first) : reply(std::move(first)) {
    server.begin();
    readiness.watch(kSpawn, server.socket(), {.path = "/up", .statuses = {{200, 299}, {401, 401}}});
    asked = "GET /up on " + *os::local_address(server.socket());
  }
  bool run_until(const std::function<bool()>& condition) {
    return loop::run_until(loop, condition);
  }
};

}  // namespace

TEST_CASE("readiness: an answer that counts on the private socket means ready", "[ready]") {
  Watching watching("HTTP/1.1 401 Who?\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(watching.run_until([&] { return watching.ready == 1; }));
  CHECK(watching.server.requests.size() == 1);
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: superd asks again until an answer counts, and tells what it saw", "[ready]") {
  Watching watching("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  CHECK(watching.readiness.reason(kSpawn) == watching.asked + ": no answer yet");
  REQUIRE(watching.run_until([&] { return watching.server.requests.size() >= 2; }));
  CHECK(watching.ready == 0);
  CHECK(watching.refused >= 1);
  CHECK(watching.readiness.reason(kSpawn) == watching.asked + " answered 500");
  watching.reply = "HTTP/1.1 302 Elsewhere\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
  REQUIRE(watching.run_until(
      [&] { return watching.readiness.reason(kSpawn) == watching.asked + " answered 302"; }));
  watching.reply = "HTTP/1.1 400 Who?\r\nContent-Length: 0\r\n\r\n";
  REQUIRE(watching.run_until([&] {
    return watching.readiness.reason(kSpawn) ==
           watching.asked + " answered 400 (it was asked with Host: localhost)";
  }));
  watching.reply = "";
  REQUIRE(watching.run_until([&] {
    return watching.readiness.reason(kSpawn) ==
           watching.asked + ": it closed the connection without an answer";
  }));
  watching.reply = "HTTP/1.1 204 Up\r\n\r\n";
  REQUIRE(watching.run_until([&] { return watching.ready == 1; }));
}

TEST_CASE("readiness: a worker that is not watched any more is not asked", "[ready]") {
  Watching watching("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(watching.run_until([&] { return watching.server.requests.size() == 1; }));
  watching.readiness.unwatch(kSpawn);
  CHECK(watching.readiness.reason(kSpawn).empty());
  for (int i = 0; i < 30; ++i) {
    loop::Timer turn(watching.loop, [] {});
    turn.after(std::chrono::milliseconds(5));
    watching.loop.run_once();
  }
  CHECK(watching.server.requests.size() == 1);
  CHECK(watching.ready == 0);
}
