#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <pwd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

// Workers that do what a file do.WORKER says, once, and leave what it wrote in said.WORKER.
constexpr const char* kWorkers = R"(
[group.web]
command = ["sh", "@DIR@/worker.sh"]
workers = 2
ready   = { when = "delay", delay = "300ms" }

[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)";
constexpr const char* kWorker = R"(
cd @DIR@ || exit 1
while :; do
  if mv do.$SUPERD_WORKER doing.$SUPERD_WORKER 2>/dev/null; then
    # The answer is kept, though the worker may be asked to leave meanwhile.
    (trap '' TERM
     MAIN=$$ sh ./doing.$SUPERD_WORKER >saying.$SUPERD_WORKER 2>&1
     mv saying.$SUPERD_WORKER said.$SUPERD_WORKER)
  fi
  sleep 0.05
done
)";
constexpr const char* kAsk = R"(
ask() {
  method=$1 path=$2
  shift 2
  curl -s -m 30 -o body -w '%{http_code} ' --unix-socket "$SUPERD_SOCKET" -X $method "$@" http://localhost$path
}
)";

struct Wishes {
  explicit Wishes(const std::string& config = kWorkers) : site(config) {
    site.write("worker.sh", kWorker);
    superd.emplace(site);
    REQUIRE(site.reaches("web", "running"));
    REQUIRE(site.reaches("other", "running"));
  }
  void let(const std::string& worker, const std::string& script) const {
    site.write("draft", kAsk + script);
    std::filesystem::remove(site.path("said." + worker));
    std::filesystem::rename(site.path("draft"), site.path("do." + worker));
  }
  // What it said, without blanks at the end.
  [[nodiscard]] std::string said(const std::string& worker) const {
    const std::string file = site.path("said." + worker);
    CHECK(wait_until(kSoon, [&] { return std::filesystem::exists(file); }));
    std::string text = site.read("said." + worker);
    return text.substr(0, text.find_last_not_of(" \n") + 1);
  }
  [[nodiscard]] std::string ask(const std::string& worker, const std::string& script) const {
    let(worker, script);
    return said(worker);
  }
  [[nodiscard]] std::uint64_t asked_roll() const {
    return nlohmann::json::parse(site.read("body")).at("roll");
  }

  Site site;
  std::optional<Superd> superd;
};

}  // namespace

TEST_CASE("a worker's wish: its group is restarted, the worker included, and it is told at once",
          "[all]") {
  const Wishes wishes;
  CHECK(wishes.ask("web.2", "ask POST /v1/groups/self/restart") == "202");
  const nlohmann::json roll = await_end(wishes.site, wishes.asked_roll());
  CHECK(roll.at("result") == "done");
  CHECK(roll.at("cause") == "worker web.2");
  CHECK(roll.at("replaced") == 2);
  CHECK(wishes.site.group("web").at("generation") == 2);
  CHECK(wishes.site.group("other").at("generation") == 1);
}

TEST_CASE("a worker's wish: superctl restart self prints the roll's id, and waits for nothing",
          "[all]") {
  const Wishes wishes;
  const std::string said =
      wishes.ask("web.1", "'" + programs().superctl + "' restart self 2>talk; echo $?");
  const std::size_t end = said.find('\n');
  REQUIRE(end != std::string::npos);
  CHECK(said.substr(end + 1) == "0");
  CHECK(await_end(wishes.site, std::stoull(said.substr(0, end))).at("result") == "done");
  CHECK(wishes.site.read("talk").find("superctl does not wait") != std::string::npos);
}

TEST_CASE("a worker's wish: a worker sees and acts on its own group alone, on either socket",
          "[all]") {
  const Wishes wishes;
  for (const char* socket : {"run/worker.sock", "run/control.sock"}) {
    CHECK(wishes.ask("web.1", std::string("SUPERD_SOCKET=") + wishes.site.path(socket) + R"(
ask GET /v1/groups/self
ask GET /v1/groups/web/pids
ask GET /v1/pids/$$
ask GET /v1/groups/other
ask POST /v1/groups/other/restart
ask POST /v1/groups/other/stop
ask POST /v1/workers/other.1/signal -d '{"signal":"KILL"}'
ask POST /v1/shutdown
ask GET /v1/groups/nobody
ask POST /v1/workers/web.2/restart
)") == "200 200 200 403 403 403 403 403 404 200");
  }
  // The other group's processes are nobody's to it; of superd as a whole it may change nothing.
  const std::string other = std::to_string(wishes.site.main_pid("other.1"));
  CHECK(wishes.ask("web.1", "ask GET /v1/pids/" + other + R"(
ask POST /v1/groups/other/hold
ask POST /v1/groups/other/reload
ask POST /v1/apply
ask GET '/v1/groups/other/logs?lines=1'
ask GET /v1/groups/other/why
ask GET /v1/doctor
ask GET '/v1/events?group=other'
ask GET /v1/events
)") == "404 403 403 403 403 403 403 403 200");
  const std::string events = wishes.ask(
      "web.1", "'" + programs().superctl + "' --json events | grep -cv '\"group\":\"web\"'");
  CHECK(events.starts_with("0"));
  CHECK(wishes.ask("web.1", "'" + programs().superctl + "' status --json") != "");
  const auto status = nlohmann::json::parse(wishes.site.read("said.web.1"));
  REQUIRE(status.at("groups").size() == 1);
  CHECK(status.at("groups").at(0).at("name") == "web");
  CHECK(wishes.site.group("other").at("restarts") == 0);
}

TEST_CASE("a worker's wish: every command of superctl that is for a group is for its own",
          "[root]") {
  const Wishes wishes(R"(
[group.web]
command = ["sh", "-c", "trap 'echo told' USR2; . @DIR@/worker.sh"]
workers = 2
reload_signal = "USR2"
ready   = { when = "delay", delay = "300ms" }

[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)");
  const std::string ctl = "'" + programs().superctl + "' ";
  // Each says by its exit status whether it was let.
  std::string script;
  for (const char* line :
       {"reload self", "signal USR2 web.2", "hold self", "release self", "pids web", "whose $MAIN",
        "why self", "logs self", "wait self --for running", "start self"}) {
    script += ctl + line + " >out 2>&1; echo $?\n";
  }
  CHECK(wishes.ask("web.1", script) == "0\n0\n0\n0\n0\n0\n0\n0\n0\n0");
  CHECK(wait_until(
      kSoon, [&] { return wishes.site.read("log/web.2.log").find("told") != std::string::npos; }));
  script.clear();
  for (const char* line : {"reload other", "signal USR2 other.1", "hold other", "pids other",
                           "why other", "apply", "shutdown"}) {
    script += ctl + line + " >out 2>&1; echo $?\n";
  }
  CHECK(wishes.ask("web.1", ctl + "why nobody >out 2>&1; echo $?") == "4");
  CHECK(wishes.ask("web.1", script) == "6\n6\n6\n6\n6\n6\n6");
}

TEST_CASE("a worker's wish: to wait for one's own end is refused, and nothing is done", "[all]") {
  const Wishes wishes;
  CHECK(wishes.ask("web.1", R"(
ask POST /v1/groups/self/restart -d '{"wait":true}'
ask POST /v1/groups/self/restart -d '{"timeout":"5s"}'
ask POST /v1/groups/self/stop -d '{"wait":true}'
ask POST /v1/workers/self/restart -d '{"wait":true}'
)") == "409 409 409 409");
  CHECK(wishes.site.group("web").at("generation") == 1);
  CHECK(wishes.ask("web.1", "ask POST /v1/groups/self/restart -d '{\"wait\":false}'") == "202");
  const std::uint64_t roll = wishes.asked_roll();
  const std::string waited =
      wishes.ask("web.2", "ask GET '/v1/rolls/" + std::to_string(roll) + "?until=done'");
  // On a slow machine it was over already.
  CHECK((waited == "409" || waited == "200"));
  CHECK(await_end(wishes.site, roll).at("result") == "done");
  CHECK(wishes.ask("web.2", "ask POST /v1/groups/self/stop") == "202");
  CHECK(wishes.site.reaches("web", "stopped"));
}

TEST_CASE("a worker's wish: many at once are one roll, and one more", "[root]") {
  const Wishes wishes;
  CHECK(wishes.ask("web.1", R"(
url=http://localhost/v1/groups/self/restart
curl -s -X POST -w '\n' --unix-socket "$SUPERD_SOCKET" $url $url $url $url $url $url $url $url)") !=
        "");
  std::set<std::string> rolls;
  std::istringstream lines(wishes.site.read("said.web.1"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) rolls.insert(line);
  }
  // Where the machine is slow the first may be over before all are asked.
  CHECK(rolls.size() >= 2);
  CHECK(rolls.size() <= 4);
  for (const std::string& line : rolls) {
    const std::uint64_t id = nlohmann::json::parse(line).at("roll");
    CHECK(await_end(wishes.site, id).at("result") == "done");
  }
}

TEST_CASE("a worker's wish: who asks in a circle is told to wait", "[root]") {
  const Wishes wishes;
  const std::string said = wishes.ask("web.1", R"(
urls=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  urls="$urls http://localhost/v1/groups/self/start"
done
curl -s -i -X POST --unix-socket "$SUPERD_SOCKET" $urls)");
  CHECK(said.find("HTTP/1.1 200") != std::string::npos);
  CHECK(said.find("HTTP/1.1 429 Too Many Requests") != std::string::npos);
  CHECK(said.find("Retry-After: 1") != std::string::npos);
  // An operator is not held up by it.
  CHECK(wishes.site.ctl({"restart", "web"}).exit == 0);
}

TEST_CASE("a worker's wish: a daemonised grandchild is the worker's, a liar is nobody's", "[all]") {
  const Wishes wishes;
  // Without cgroups a process that also clears its environment may be anybody's.
  const std::string clear = wishes.site.has_cgroups() ? "env -i PATH=\"$PATH\"" : "";
  wishes.let("web.1", R"(
cat >daemon.sh <<'END'
while [ ! -e go ]; do sleep 0.05; done
curl -s -o body -w '%{http_code}' --unix-socket $1 -X POST http://localhost/v1/groups/self/restart >part
mv part daemon
END
(setsid )" + clear + R"( sh daemon.sh "$SUPERD_SOCKET" >/dev/null 2>&1 &)
)");
  CHECK(wishes.said("web.1").empty());
  wishes.site.write("go", "");
  REQUIRE(wait_until(kSoon, [&] { return !wishes.site.read("daemon").empty(); }));
  CHECK(wishes.site.read("daemon") == "202");
  CHECK(await_end(wishes.site, wishes.asked_roll()).at("cause") == "worker web.1");

  const Outcome liar = run(
      {"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
       wishes.site.path("run/worker.sock"), "-X", "POST", "http://localhost/v1/groups/web/restart"},
      {.env = {"SUPERD_GROUP=web", "SUPERD_WORKER=web.1"}});
  CHECK(liar.out == "403");
}

TEST_CASE("a worker's wish: an asker that dies at once does not harm the roll", "[all]") {
  const Wishes wishes;
  wishes.let("web.2", "ask POST /v1/groups/self/restart\nkill -9 $MAIN $PPID $$");
  REQUIRE(wait_until(kSoon, [&] { return wishes.site.group("web").at("generation") == 2; }));
  REQUIRE(wishes.site.reaches("web", "running"));
  const nlohmann::json roll = await_end(wishes.site, wishes.asked_roll());
  CHECK(roll.at("result") == "done");
  CHECK(roll.at("cause") == "worker web.2");
}

TEST_CASE("a worker's wish: what was stopped by somebody else does not start itself again",
          "[root]") {
  const Wishes wishes(R"(
[group.web]
command = ["sh", "-c", "trap 'sh @DIR@/last.sh; exit 0' TERM; while :; do sleep 0.05; done"]
ready   = { when = "delay", delay = "10ms" }
[group.other]
command = ["sleep", "100000"]
ready   = { when = "delay", delay = "10ms" }
)");
  wishes.site.write("last.sh",
                    std::string("cd @DIR@\n") + kAsk + "ask POST /v1/groups/self/restart >last\n");
  REQUIRE(wishes.site.ctl({"stop", "web"}).exit == 0);
  CHECK(wishes.site.read("last") == "409 ");
  CHECK(wishes.site.state("web") == "stopped");
}

TEST_CASE("a worker's wish: inside requests of gunicorn, under load, no request fails", "[long]") {
  if (::getpwnam("www-data") == nullptr) skip("there is no user www-data");
  Site site(
      config({.runner = Runner::gunicorn_gthread, .workers = 4, .more = "user = \"www-data\"\n"}));
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site));
  REQUIRE(load.goes_on());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = get(site.address(), "/wish");
    REQUIRE(reply.body.starts_with("202 "));
    const nlohmann::json wished =
        await_end(site, nlohmann::json::parse(reply.body.substr(4)).at("roll"));
    CHECK(wished.at("result") == "done");
    CHECK(wished.at("replaced") == 4);
    CHECK(wished.at("cause").get<std::string>().starts_with("worker web."));
  }
  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(site.group("web").at("generation") == 4);
}

TEST_CASE("the example self-restart: a settings page makes every process read the settings anew",
          "[root]") {
  if (::getpwnam("www-data") == nullptr) skip("there is no user www-data");
  Site site(R"(
[group.web]
command   = ["/usr/bin/python3", "app.py"]
directory = "@DIR@/app"
user      = "www-data"
workers   = 3
listen    = ["@ADDRESS@"]
env       = { PYTHONDONTWRITEBYTECODE = "1" }
ready     = { when = "listening" }
)");
  std::filesystem::create_directory(site.path("app"));
  std::filesystem::permissions(site.path("app"), std::filesystem::perms::all);
  std::filesystem::copy(programs().apps + "/../../../etc/examples/self-restart/app.py",
                        site.path("app/app.py"));
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  CHECK(get(site.address(), "/").body.find("<p id=greeting>hello</p>") != std::string::npos);
  const Outcome saved =
      run({"curl", "-sS", "-d", "greeting=bonjour", "http://" + site.address() + "/settings"});
  CHECK(saved.out.find("saved; superd: 202") != std::string::npos);
  REQUIRE(wait_until(kSoon, [&] { return site.group("web").at("generation") == 2; }));
  REQUIRE(site.reaches("web", "running"));
  for (int i = 0; i < 10; ++i) {
    CHECK(get(site.address(), "/").body.find("<p id=greeting>bonjour</p>") != std::string::npos);
  }
  CHECK(site.group("web").at("cause").get<std::string>().starts_with("worker web."));
}

}  // namespace superd::scenario
