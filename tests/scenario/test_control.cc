#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kControlled = R"(
[group.web]
command = ["sleep", "100000"]
workers = 2
ready   = { when = "delay", delay = "10ms" }

[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)";

struct Answer {
  int status = 0;
  nlohmann::json body;
};

Answer curl(const std::string& socket, const std::string& path,
            std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"curl", "-sS", "--unix-socket", socket, "-w", "\n%{http_code}",
                             "http://localhost" + path});
  const Outcome outcome = run(more);
  const std::size_t end = outcome.out.rfind('\n');
  if (outcome.exit != 0 || end == std::string::npos) return {};
  return {.status = std::stoi(outcome.out.substr(end + 1)),
          .body = nlohmann::json::parse(outcome.out.substr(0, end), nullptr, false)};
}

}  // namespace

TEST_CASE("control: curl reads the state as JSON", "[all]") {
  Site site(kControlled);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const Answer status = curl(site.control(), "/v1/status");
  REQUIRE(status.status == 200);
  CHECK(status.body.at("superd").at("pid") == superd.keeper());
  CHECK(status.body.at("superd").at("supervisor_pid") == superd.supervisor());
  CHECK(status.body.at("groups").size() == 2);
  const Answer group = curl(site.control(), "/v1/groups/web");
  REQUIRE(group.status == 200);
  CHECK(group.body.at("workers").at(0).at("procs") == 1);
  CHECK(group.body.at("workers").at(0).at("memory_bytes") > 0);
  const pid_t pid = site.main_pid("web.2");
  CHECK(curl(site.control(), "/v1/pids/" + std::to_string(pid)).body.at("worker") == "web.2");
  CHECK(curl(site.control(), "/v1/groups/web/pids").body.at("pids").size() == 2);
  CHECK(curl(site.control(), "/v1/workers/web.2").body.at("pid") == pid);
}

TEST_CASE("control: curl restarts a group, and waits for the result or not", "[all]") {
  Site site(kControlled);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const Answer done = curl(site.control(), "/v1/groups/web/restart", {"-X", "POST"});
  CHECK(done.status == 200);
  CHECK(done.body.at("result") == "done");
  const Answer accepted =
      curl(site.control(), "/v1/groups/web/restart", {"-X", "POST", "-d", R"({"wait":false})"});
  CHECK(accepted.status == 202);
  CHECK(accepted.body.at("roll").is_number());
  CHECK(wait_until(kSoon, [&] { return site.group("web").at("generation") == 3; }));
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("control: what is wrong with a request is told, and nothing breaks", "[all]") {
  Site site(kControlled);
  const Superd superd(site);
  const std::string& socket = site.control();
  CHECK(curl(socket, "/v1/groups/nobody").status == 404);
  CHECK(curl(socket, "/v1/nothing").status == 404);
  CHECK(curl(socket, "/v1/status", {"-X", "POST"}).status == 405);
  CHECK(curl(socket, "/v1/groups/web/restart", {"-X", "POST", "-d", "{wait"}).status == 400);
  CHECK(curl(socket, "/v1/groups/web/restart", {"-X", "POST", "-d", R"({"wiat":false})"}).status ==
        400);
  CHECK(
      curl(socket, "/v1/groups/web/signal", {"-X", "POST", "-d", R"({"signal":"TREM"})"}).status ==
      400);
  CHECK(curl(socket, "/v1/status", {"-H", "X-Long: " + std::string(20000, 'x')}).status == 431);
  CHECK(curl(socket, "/v1/status", {"-H", "Transfer-Encoding: chunked", "-d", "{}"}).status == 411);
  const Answer problem = curl(socket, "/v1/groups/nobody");
  CHECK(problem.body.at("status") == 404);
  CHECK(site.state("web") == "running");
}

TEST_CASE("control: a command that superd runs for a group may look at that group alone", "[all]") {
  Site site(R"(
[group.web]
command = ["sleep", "100000"]
ready   = { when = "exec", command = ["sh", "@DIR@/ask.sh", "ready"] }
roll    = { before = ["sh", "@DIR@/ask.sh", "before"] }

[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)");
  site.write("ask.sh", R"(
cd @DIR@ || exit 1
ask() {
  for socket in control worker; do
    curl -s -m 20 -o "$1.json" -w '%{http_code} ' --unix-socket run/$socket.sock -X "$2" "http://localhost$3"
  done
}
out=$(ask self GET /v1/groups/self
      ask other GET /v1/groups/other
      ask stop POST /v1/groups/web/stop
      ask restart POST /v1/groups/web/restart
      ask stop-other POST /v1/groups/other/stop
      ask halt POST /v1/shutdown)
id=$(curl -s --unix-socket run/control.sock 'http://localhost/v1/rolls' | sed 's/.*"id":\([0-9]*\).*/\1/')
test $1 = before && out="$out $(ask roll GET /v1/rolls/$id?until=done) "
echo $out >$1.part
mv $1.part $1
)");
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::string looks = "200 200 403 403 403 403 403 403 403 403 403 403";
  CHECK(site.read("ready") == looks + "\n");
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  CHECK(site.read("before") == looks + " 403 403\n");
  CHECK(site.state("other") == "running");
}

TEST_CASE("worker socket: who is no worker has no rights there", "[all]") {
  Site site(kControlled);
  const Superd superd(site);
  CHECK(curl(site.path("run/worker.sock"), "/v1/groups/web").status == 403);
  CHECK(curl(site.path("run/worker.sock"), "/v1/groups/web/stop", {"-X", "POST"}).status == 403);
}

}  // namespace superd::scenario
