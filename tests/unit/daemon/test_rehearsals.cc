#include <filesystem>

#include <catch2/catch.hpp>

#include "daemon/rehearsals.h"
#include "errand_fixture.h"

using namespace superd;
using namespace std::chrono_literals;
using daemon::ErrandEnd;
using Lines = std::vector<std::string>;

namespace {

constexpr core::CommandId kRoll{9};

// Answers every request on descriptor 3 with the status of its argument; says what it was given.
constexpr const char* kServer = R"(
import os, socket, sys
print(sys.argv[2], os.environ['SUPERD_WORKER'], os.environ['LISTEN_FDNAMES'], flush=True)
listener = socket.socket(fileno=3)
while True:
    client = listener.accept()[0]
    client.recv(1000)
    print('asked', flush=True)
    client.sendall(b'HTTP/1.1 ' + sys.argv[1].encode() + b' Told\r\nContent-Length: 0\r\n\r\n')
    client.close()
)";

struct Rehearsing : tests::ErrandFixture {
  daemon::Recipes recipes{loop, [](const core::RecipeMade&) {}};
  daemon::Listeners listeners{directory + "/sockets", [](const std::string&, int) {},
                              [](const std::string&) {}};
  daemon::Rehearsals rehearsals{{.loop = loop, .listeners = listeners, .errands = *errands},
                                directory + "/private"};
  std::optional<ErrandEnd> told;
  core::GroupSpec spec = group();

  Rehearsing() {
    core::ListenSpec& socket = spec.listen.emplace_back();
    socket.name = "socket";
    socket.host = "127.0.0.1";
    // Nobody could listen there.
    socket.address = "127.0.0.1:1";
    socket.port = 1;
    spec.ready.timeout = 20s;
  }
  void run(std::vector<std::string> command) {
    spec.command = std::move(command);
    rehearsals.run(kRoll, std::make_shared<const core::GroupSpec>(spec), recipe(spec),
                   [this](ErrandEnd how) { told = std::move(how); });
  }
  void serve(const std::string& status) {
    run({"/usr/bin/python3", "-c", kServer, status, "{addr:socket}"});
  }
  const ErrandEnd& outcome() {
    until([&] { return told.has_value(); });
    return *told;
  }
};

}  // namespace

TEST_CASE("rehearsal: a process that answers well is ended, and went well", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.serve("404");
  CHECK(rehearsing.outcome().how == ErrandEnd::How::succeeded);
  rehearsing.idle();
}

TEST_CASE("rehearsal: it runs as the first worker, on sockets of its own", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.spec.ready.timeout = 3s;
  rehearsing.serve("500");
  const ErrandEnd& outcome = rehearsing.outcome();
  CHECK(outcome.how == ErrandEnd::How::failed);
  // Of the first answer: not those of the many that follow.
  REQUIRE(outcome.output.size() == 2);
  const std::string address = outcome.output[0].substr(0, outcome.output[0].find(' '));
  CHECK(outcome.output[0] == address + " web.1 socket");
  CHECK(address != "127.0.0.1:1");
  CHECK(outcome.message == "was not ready within 3s: GET / on " + address + " answered 500");
  rehearsing.idle();
}

TEST_CASE("rehearsal: the first private socket is asked, by what the config says", "[rehearsal]") {
  Rehearsing rehearsing;
  core::ListenSpec other = rehearsing.spec.listen[0];
  other.name = "other";
  rehearsing.spec.listen.insert(rehearsing.spec.listen.begin(), other);
  rehearsing.spec.listen[0].sharing = core::Sharing::spawn;
  const core::HttpSpec http = {.path = "/up", .statuses = {{503, 503}}};
  SECTION("as readiness does") { rehearsing.spec.ready.http = http; }
  SECTION("unless the roll says otherwise") { rehearsing.spec.roll.rehearse_http = http; }
  rehearsing.serve("503");
  CHECK(rehearsing.outcome().how == ErrandEnd::How::succeeded);
}

TEST_CASE("rehearsal: on a unix socket, of which nothing is left", "[rehearsal]") {
  Rehearsing rehearsing;
  core::ListenSpec& socket = rehearsing.spec.listen[0];
  socket.family = core::Family::unix_path;
  socket.path = "/nowhere/web.sock";
  rehearsing.serve("200");
  CHECK(rehearsing.outcome().how == ErrandEnd::How::succeeded);
  CHECK(std::filesystem::is_empty(rehearsing.directory + "/private"));
}

TEST_CASE("rehearsal: a process that ends has failed, whatever its status", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.run({"/bin/sh", "-c", "echo no such table; exit 0"});
  CHECK(rehearsing.outcome().how == ErrandEnd::How::failed);
  CHECK(rehearsing.outcome().message == "exited with status 0 before it was ready");
  CHECK(rehearsing.outcome().output == Lines{"no such table"});
}

TEST_CASE("rehearsal: what cannot be started is told with stage and reason", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.run({"./nothing"});
  CHECK(rehearsing.outcome().how == ErrandEnd::How::never_ran);
  CHECK(rehearsing.outcome().message ==
        "could not be run: exec ./nothing: No such file or directory");
}

TEST_CASE("rehearsal: one that does not leave when it is asked is killed", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.spec.ready.timeout = 100ms;
  rehearsing.run({"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"});
  CHECK(rehearsing.outcome().how == ErrandEnd::How::failed);
  rehearsing.idle();
}

TEST_CASE("rehearsal: cancelled, it says nothing and leaves nothing", "[rehearsal]") {
  Rehearsing rehearsing;
  rehearsing.run({"/bin/sh", "-c", "touch begun; sleep 600"});
  rehearsing.until([&] { return std::filesystem::exists(rehearsing.directory + "/begun"); });
  rehearsing.rehearsals.cancel(kRoll);
  rehearsing.idle();
  CHECK_FALSE(rehearsing.told.has_value());
}
