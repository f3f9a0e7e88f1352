#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "command_line.h"
#include "fake_server.h"

// The whole of superctl against a superd that says what the test wants.
namespace superd::superctl {
namespace {

using client::answer;
using client::FakeServer;
using client::routes;
using client::send_text;

struct Run {
  int code = -1;
  std::string out{};
  std::string err{};
};

// What was written to an unnamed file, from its beginning.
std::string contents(std::FILE* file) {
  std::string text;
  std::array<char, 4096> buffer;
  std::rewind(file);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file)) {
    text.append(buffer.data(), n);
  }
  return text;
}

// In a child process, so that its exit status, its output and its end are real.
Run superctl(std::vector<std::string> arguments) {
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  REQUIRE((out != nullptr && err != nullptr));
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::fileno(out), STDOUT_FILENO);
    ::dup2(::fileno(err), STDERR_FILENO);
    arguments.insert(arguments.begin(), "superctl");
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    ::_exit(static_cast<int>(run_command_line(static_cast<int>(argv.size()), argv.data())));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  const Run run{.code = WEXITSTATUS(status), .out = contents(out), .err = contents(err)};
  std::fclose(out);
  std::fclose(err);
  return run;
}

const std::string kStatus =
    R"({"superd":{"version":"9.8","pid":123,"tracking":"cgroup v2"},"groups":[)"
    R"({"name":"web","state":"running","generation":7,"ready":2,"wanted":2,"as_meant":true,)"
    R"("workers":[{"name":"web.1","state":"ready"},{"name":"web.2","state":"ready"}]},)"
    R"({"name":"cache","state":"stopped","as_meant":true,)"
    R"("workers":[{"name":"cache.1","state":"stopped"}]}]})";

client::Route status_route() { return {.begin = "GET /v1/status", .status = 200, .body = kStatus}; }

}  // namespace

TEST_CASE("superctl ping: says who is alive", "[superctl]") {
  const FakeServer server(routes({status_route()}));
  const auto run = superctl({"-s", server.path(), "ping"});
  CHECK(run.code == 0);
  CHECK(run.out == "superd 9.8 is alive: pid 123\n");
  CHECK(superctl({"-s", server.path(), "ping", "-q"}).out.empty());
}

TEST_CASE("superctl: exits with 5 where superd is not reachable", "[superctl]") {
  const client::EmptyDirectory directory;
  const auto run = superctl({"-s", directory.path("none.sock"), "status"});
  CHECK(run.code == 5);
  CHECK(run.out.empty());
  CHECK(run.err == "superctl: cannot reach superd at " + directory.path("none.sock") +
                       ": No such file or directory\n");
}

TEST_CASE("superctl version: needs no superd", "[superctl]") {
  const client::EmptyDirectory directory;
  const auto run = superctl({"-s", directory.path("none.sock"), "version"});
  CHECK(run.code == 0);
  CHECK(run.out == "superctl " SUPERD_VERSION "\n");
}

TEST_CASE("superctl: what is not on its command line is refused with 2", "[superctl]") {
  CHECK(superctl({"stauts"})
            .err.starts_with(R"(superctl: unknown command "stauts", did you mean "status"?)"));
  CHECK(superctl({"stauts"}).code == 2);
  CHECK(superctl({"downgrade"}).code == 2);
  const auto hold = superctl({"hold", "web.1"});
  CHECK(hold.code == 2);
  CHECK(hold.err.find("superctl hold web") != std::string::npos);
  CHECK(superctl({"status", "--watching"}).err.find(R"(unknown option "--watching")") !=
        std::string::npos);
  CHECK(superctl({"status", "--watching"}).code == 2);
  CHECK(superctl({"start"}).code == 2);
  CHECK(superctl({}).code == 2);
  CHECK(superctl({"ping", "web"}).code == 2);
  CHECK(superctl({"start", "web", "--timeout", "10"}).code == 2);
  CHECK(superctl({"whose", "0"}).code == 2);
  CHECK(superctl({"pids", "web", "--main", "--tree"}).code == 2);
}

TEST_CASE("superctl --help: is data, and not an error", "[superctl]") {
  const auto run = superctl({"--help"});
  CHECK(run.code == 0);
  CHECK(run.out.find("shutdown") != std::string::npos);
  CHECK(run.err.empty());
  CHECK(superctl({"status", "--help"}).out.find("--verbose") != std::string::npos);
}

TEST_CASE("superctl start: sends all at once and tells what came of each", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"POST /v1/groups/web/start", 200,
               R"({"result":"done","group":"web","action":"start","workers":[)"
               R"({"name":"web.1","result":"done"},{"name":"web.2","result":"done"}]})"},
              {"POST /v1/groups/cache/start", 200,
               R"({"result":"failed","group":"cache","action":"start","workers":[)"
               R"({"name":"cache.1","result":"failed","message":"exited with status 1",)"
               R"("output":["no memory"]}]})"}}));
  const auto run = superctl({"-s", server.path(), "start", "all"});
  CHECK(run.code == 1);
  CHECK(run.out == "web: started (2 ready)\n");
  CHECK(run.err == "cache.1: exited with status 1\n  no memory\n");
}

TEST_CASE("superctl --no-wait: prints the id of what has begun", "[superctl]") {
  const FakeServer server(
      routes({status_route(), {"POST /v1/groups/web/restart", 202, R"({"roll":12})"}}));
  CHECK(superctl({"-s", server.path(), "restart", "web", "--no-wait"}).out == "12\n");
  CHECK(superctl({"-s", server.path(), "restart", "web", "--no-wait", "--json"}).out ==
        R"({"roll":12,"results":[{"group":"web","roll":12}]})"
        "\n");
}

TEST_CASE("superctl --timeout: exits with 7 and says that the work goes on", "[superctl]") {
  const FakeServer server([](const std::string& request, int connection) {
    if (request.starts_with("GET")) return send_text(connection, answer(200, kStatus));
    pollfd gone{.fd = connection, .events = POLLIN, .revents = 0};
    static_cast<void>(::poll(&gone, 1, -1));
  });
  const auto run = superctl({"-s", server.path(), "stop", "web", "--timeout", "300ms"});
  CHECK(run.code == 7);
  CHECK(run.err == "web: stop is not done yet; the work goes on\n");
}

TEST_CASE("superctl: ^C ends the waiting with 130, not the work", "[superctl]") {
  const FakeServer server([](const std::string& request, int connection) {
    if (request.starts_with("GET /v1/rolls?mine=1")) {
      return send_text(connection, answer(200, R"({"rolls":[{"id":12,"group":"web"}]})"));
    }
    if (request.starts_with("GET")) return send_text(connection, answer(200, kStatus));
    // The client that asks is interrupted, as by its terminal.
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    ::kill(peer.pid, SIGINT);
    pollfd gone{.fd = connection, .events = POLLIN, .revents = 0};
    static_cast<void>(::poll(&gone, 1, -1));
  });
  const auto run = superctl({"-s", server.path(), "start", "web"});
  CHECK(run.code == 130);
  CHECK(run.err == "web: start is not done yet; the work goes on (roll 12)\n");
}

TEST_CASE("status --watch: shows the state again until ^C, which is no error", "[superctl]") {
  int asked = 0;
  const FakeServer server([&](const std::string&, int connection) {
    if (++asked == 1) return send_text(connection, answer(200, kStatus));
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    ::kill(peer.pid, SIGINT);
    pollfd gone{.fd = connection, .events = POLLIN, .revents = 0};
    static_cast<void>(::poll(&gone, 1, -1));
  });
  const auto run = superctl({"-s", server.path(), "status", "--watch"});
  CHECK(run.code == 130);
  CHECK(run.err.empty());
  const FakeServer calm(routes({status_route()}));
  CHECK(run.out == superctl({"-s", calm.path(), "status"}).out + "\n");
}

TEST_CASE("status --watch: ends with 7 when its time is over", "[superctl]") {
  const FakeServer server(routes({status_route()}));
  const auto run = superctl({"-s", server.path(), "status", "--watch", "--timeout", "200ms"});
  CHECK(run.code == 7);
  CHECK(run.out == superctl({"-s", server.path(), "status"}).out);
}

TEST_CASE("superctl: with --json what is refused is a document, too", "[superctl]") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--json", "bogus"},
                                                {"--json", "status", "--watching"},
                                                {"--json", "whose", "abc"},
                                                {"--json", "status", "--timeout", "soon"},
                                                {"--json", "-c", "/nowhere.toml", "status"}}) {
    CAPTURE(words);
    const auto run = superctl(words);
    CHECK(run.code == 2);
    CHECK(nlohmann::json::parse(run.out).at("exit") == 2);
  }
}

TEST_CASE("superctl: a name that means nothing stops the whole command with 4", "[superctl]") {
  FakeServer server(routes({status_route()}));
  const auto run = superctl({"-s", server.path(), "stop", "web", "cahce"});
  CHECK(run.code == 4);
  CHECK(run.err == "superctl: no such group or worker \"cahce\", did you mean \"cache\"?\n");
  // Nothing but looks: of a name that the status has not superd may say that it is not to be seen.
  CHECK(server.seen() ==
        std::vector<std::string>{"GET /v1/status HTTP/1.1", "GET /v1/groups/cahce HTTP/1.1"});
}

TEST_CASE("superctl: a command that superd refuses to this user exits with 6", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"POST /v1/groups/web/stop", 403, R"({"status":403,"detail":"not yours"})"}}));
  const auto run = superctl({"-s", server.path(), "stop", "web"});
  CHECK(run.code == 6);
  CHECK(run.err == "superctl: not yours\n");
}

TEST_CASE("superctl whose: tells the worker, and exits with 1 for a stranger", "[superctl]") {
  const FakeServer server(
      routes({{"GET /v1/pids/4711", 200,
               R"({"pid":4711,"worker":"web.2","group":"web","role":"main","generation":7})"}}));
  const auto run = superctl({"-s", server.path(), "whose", "4711", "1"});
  CHECK(run.code == 1);
  CHECK(run.out == "4711 web.2 main 7\n");
  CHECK(run.err == "1: not superd's\n");
}

TEST_CASE("superctl pids: one a line, by number", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"GET /v1/groups/web/pids", 200,
               R"({"group":"web","pids":[{"pid":30,"worker":"web.2","group":"web","role":"main"},)"
               R"({"pid":9,"worker":"web.1","group":"web","role":"main"},)"
               R"({"pid":31,"worker":"web.2","group":"web","role":"child","ppid":30}]})"}}));
  CHECK(superctl({"-s", server.path(), "pids", "web"}).out == "9\n30\n31\n");
  CHECK(superctl({"-s", server.path(), "pids", "web", "--main"}).out == "9\n30\n");
  CHECK(superctl({"-s", server.path(), "pids", "web.2"}).out == "30\n31\n");
  CHECK(superctl({"-s", server.path(), "pids", "web.2", "--main", "--json"})
            .out.starts_with(R"({"pids":[{"pid":30,)"));
}

TEST_CASE("superctl wait: 0 when the state is reached, 3 when it cannot be", "[superctl]") {
  const FakeServer server(routes(
      {status_route(),
       {"GET /v1/groups/web?until=running", 200, R"({"name":"web","state":"running"})"},
       {"GET /v1/groups/cache?until=running", 200, R"({"name":"cache","state":"failed"})"}}));
  CHECK(superctl({"-s", server.path(), "wait", "web", "--for", "running"}).code == 0);
  const auto run = superctl({"-s", server.path(), "wait", "cache", "--for", "running"});
  CHECK(run.code == 3);
  CHECK(run.err == "cache: failed, not running\n");
  CHECK(superctl({"wait", "web", "--for", "runnning"}).err ==
        "superctl: --for: no such state \"runnning\", did you mean \"running\"?\n");
  CHECK(superctl({"-s", server.path(), "wait", "web", "--for", "ready"}).code == 2);
}

TEST_CASE("superctl wait: what is reached already costs no request of its own", "[superctl]") {
  FakeServer server(routes({status_route()}));
  CHECK(superctl({"-s", server.path(), "wait", "web", "--for", "running"}).code == 0);
  CHECK(server.seen() == std::vector<std::string>{"GET /v1/status HTTP/1.1"});
}

TEST_CASE("superctl wait: does not wait for what superd will not do", "[superctl]") {
  std::vector<UniqueFd> kept;  // long polls that are never answered
  const FakeServer server([&kept](const std::string& request, int connection) {
    if (request.starts_with("GET /v1/status")) return send_text(connection, answer(200, kStatus));
    kept.emplace_back(::fcntl(connection, F_DUPFD_CLOEXEC, 0));
  });
  const auto run = superctl({"-s", server.path(), "wait", "cache", "--for", "running"});
  CHECK(run.code == 3);
  CHECK(run.err == "cache: stopped, not running\n");
}

TEST_CASE("superctl logs: shows what it can and fails for what was named", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"GET /v1/groups/web/logs?lines=20", 200,
               R"({"time":"2026-11-23T04:00:00.000000000Z","worker":"web.1","text":"a"})"
               "\n"},
              {"GET /v1/groups/cache/logs?lines=20", 409, R"({"detail":"not kept"})"}}));
  CHECK(superctl({"-s", server.path(), "logs"}).code == 0);
  const auto run = superctl({"-s", server.path(), "logs", "web", "cache"});
  CHECK(run.code == 1);
  CHECK(run.out == "web.1 | a\n");
  CHECK(run.err == "superctl: not kept\n");
}

TEST_CASE("superctl logs: says that format raw has no times where they matter", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"GET /v1/groups/web/logs?lines=20&worker=1", 200,
               "{\"worker\":\"web.1\",\"text\":\"a\"}\n{\"worker\":\"web.1\",\"text\":\"b\"}\n"}}));
  CHECK(superctl({"-s", server.path(), "logs", "web.1"}).err.empty());
  const auto run = superctl({"-s", server.path(), "logs", "web.1", "-t"});
  CHECK(run.out == "- a\n- b\n");
  CHECK(run.err == "superctl: web: the lines of format raw have no times\n");
}

TEST_CASE("superctl logs: names the worker where there can be several", "[superctl]") {
  const FakeServer server(
      routes({status_route(),
              {"GET /v1/groups/web/logs?lines=5", 200, "{\"worker\":\"web.1\",\"text\":\"a\"}\n"},
              {"GET /v1/groups/web/logs?lines=5&worker=1", 200,
               "{\"worker\":\"web.1\",\"text\":\"a\"}\n"}}));
  CHECK(superctl({"-s", server.path(), "logs", "-n", "5", "web"}).out == "web.1 | a\n");
  CHECK(superctl({"-s", server.path(), "logs", "-n", "5", "web.1"}).out == "a\n");
}

TEST_CASE("superctl status --json: is the document of superd", "[superctl]") {
  const FakeServer server(routes({status_route()}));
  const auto run = superctl({"--json", "-s", server.path(), "status"});
  CHECK(run.code == 0);
  CHECK(run.out == kStatus + "\n");
}

TEST_CASE("superctl signal: a signal that nobody knows is refused before superd is asked",
          "[superctl]") {
  FakeServer server(routes({status_route()}));
  const auto run = superctl({"-s", server.path(), "signal", "TREM", "web"});
  CHECK(run.code == 2);
  CHECK(server.seen().empty());
}

TEST_CASE("superctl shutdown: waits until nobody answers any more", "[superctl]") {
  const pid_t stand_in = ::fork();
  if (stand_in == 0) {
    ::pause();
    ::_exit(0);
  }
  const FakeServer server([stand_in](const std::string& request, int connection) {
    if (request.starts_with("POST /v1/shutdown")) {
      ::kill(stand_in, SIGKILL);
      return send_text(connection, answer(202, "{}"));
    }
    send_text(connection, answer(200, R"({"superd":{"pid":)" + std::to_string(stand_in) + "}}"));
  });
  const auto run = superctl({"-s", server.path(), "shutdown"});
  CHECK(run.code == 0);
  CHECK(run.out == "superd: shut down\n");
  CHECK(::waitpid(stand_in, nullptr, 0) == stand_in);
}

}  // namespace superd::superctl
