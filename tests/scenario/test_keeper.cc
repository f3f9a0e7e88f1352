#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/deploy.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

constexpr const char* kOneWorker = R"(
[group.web]
command = ["@WORKER@", "serve"]
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "50ms" }
)";

std::string text_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a supervisor that is stopped for good is killed, and a new one takes its place",
          "[long]") {
  Site site(kOneWorker);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t stopped = superd.supervisor();
  REQUIRE(::kill(stopped, SIGSTOP) == 0);
  // Asked after a minute, killed 30 s later.
  CHECK(wait_until(180s, [&] { return superd.supervisor() != stopped; }));
  CHECK(superd.log().find("has not answered for 30 s: killed") != std::string::npos);
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  CHECK(site.reaches("web", "running"));
}

TEST_CASE("a TERM that a stopped supervisor does not take ends superd all the same", "[long]") {
  Site site(kOneWorker);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(::kill(superd.supervisor(), SIGSTOP) == 0);
  superd.program().signal(SIGTERM);
  CHECK(superd.program().wait(120s) == 0);
}

TEST_CASE(
    "a worker that writes does not stand while the logger dies again and again, unless it is to",
    "[full]") {
  Site site(R"(
[group.loud]
command = ["sh", "-c", "sleep 2; head -c 4000000 /dev/zero | tr '\\0' '\\n'; : >@DIR@/written; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
[group.careful]
command = ["sh", "-c", "sleep 2; head -c 4000000 /dev/zero | tr '\\0' 'x'; : >@DIR@/all; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
log     = { overflow = "block", format = "raw" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("loud", "running"));
  REQUIRE(site.reaches("careful", "running"));
  CHECK(wait_until(kSoon, [&] {
    if (const pid_t logger = superd.logger(); logger > 0) ::kill(logger, SIGKILL);
    return std::filesystem::exists(site.path("written"));
  }));
  CHECK(superd.log().find("the logger stays away: output is thrown away") != std::string::npos);
  CHECK(wait_until(
      kSoon, [&] { return superd.log().find("bytes of output were lost") != std::string::npos; }));
  CHECK(superd.logger() > 0);
  // The file tells, and so do the metrics; what was to wait has lost nothing.
  CHECK(wait_until(kSoon, [&] {
    return text_of(site.path("log/loud.1.log")).find(" bytes lost: superd's logger was away\n") !=
           std::string::npos;
  }));
  CHECK(wait_until(kSoon, [&] { return std::filesystem::exists(site.path("all")); }));
  CHECK(wait_until(
      kSoon, [&] { return text_of(site.path("log/careful.1.log")) == std::string(4000000, 'x'); }));
  const std::string dropped = "superd_log_dropped_bytes_total";
  CHECK(wait_until(kSoon, [&] {
    return site.ctl({"metrics"}).out.find(dropped + "{group=\"loud\"} 0\n") == std::string::npos;
  }));
  CHECK_THAT(site.ctl({"metrics"}).out, Catch::Contains(dropped + "{group=\"careful\"} 0\n"));
}

TEST_CASE("a worker that writes goes on though the logger is stopped for good", "[long]") {
  Site site(R"(
[group.loud]
command = ["sh", "-c", "sleep 2; head -c 4000000 /dev/zero | tr '\\0' '\\n'; : >@DIR@/written; exec sleep 100000"]
ready   = { when = "delay", delay = "50ms" }
)");
  const Superd superd(site);
  REQUIRE(site.reaches("loud", "running"));
  const pid_t stopped = superd.logger();
  REQUIRE(stopped > 0);
  REQUIRE(::kill(stopped, SIGSTOP) == 0);
  // Asked after a minute, or after one and a half; not waited for half a minute later.
  CHECK(wait_until(180s, [&] { return std::filesystem::exists(site.path("written")); }));
  CHECK(wait_until(60s, [&] { return superd.logger() > 0 && superd.logger() != stopped; }));
  CHECK(superd.log().find("has not answered for 30 s: killed") != std::string::npos);
}

TEST_CASE("a supervisor that is stopped does not outlive its keeper", "[all]") {
  Site site(kOneWorker);
  Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const pid_t worker = site.main_pid("web.1");
  const pid_t supervisor = superd.supervisor();
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  superd.program().signal(SIGKILL);
  CHECK(superd.program().wait(60s) == 128 + SIGKILL);
  CHECK(wait_until(kSoon, [&] { return !proc::alive(supervisor); }));
  CHECK(proc::alive(worker));
  site.take_leftovers();
}

TEST_CASE("as PID 1 superd reaps strangers, obeys TERM and ends with the right status", "[root]") {
  if (::access("/usr/bin/unshare", X_OK) != 0) skip("unshare is not installed");
  Site site(kOneWorker);
  const UniqueFd log(::open(site.path("superd.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  Program unshare({"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", programs().superd, "-c",
                   site.config()},
                  {.env = {}, .directory = "", .out = log.get(), .err = log.get()});
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> inside = proc::children(unshare.pid());
  REQUIRE(inside.size() == 1);
  const pid_t superd = inside.front();
  CHECK(proc::status(superd, "NSpid").ends_with("\t1"));
  CHECK(site.json({"status"}).at("superd").at("pid") == 1);
  CHECK(get(site.address(), "/pid").status == 200);

  // Neither superd nor a worker has started it; its parent goes, and it comes home to PID 1.
  const Outcome stranger = run({"/usr/bin/nsenter", "-t", std::to_string(superd), "-p", "sh", "-c",
                                "sleep 100001 >/dev/null 2>&1 & exit 0"});
  CHECK(stranger.exit == 0);
  std::vector<pid_t> come_home;
  // It may still be the shell's copy.
  wait_until(kSoon, [&] {
    come_home.clear();
    for (const pid_t pid : proc::children(superd)) {
      if (proc::command(pid) == "sleep 100001") come_home.push_back(pid);
    }
    return !come_home.empty();
  });
  REQUIRE(come_home.size() == 1);
  REQUIRE(::kill(come_home.front(), SIGKILL) == 0);
  CHECK(wait_until(kSoon, [&] { return proc::state(come_home.front()) == ' '; }));
  CHECK(site.state("web") == "running");

  REQUIRE(::kill(superd, SIGTERM) == 0);
  CHECK(unshare.wait(60s) == 0);
  CHECK(site.read("superd.log").find("all workers are gone; leaving") != std::string::npos);
}

TEST_CASE("the example of a container serves, with superd as PID 1, and ends in order", "[root]") {
  if (::access("/usr/bin/unshare", X_OK) != 0) skip("unshare is not installed");
  if (!installed(Runner::gunicorn_sync)) skip("gunicorn is not installed");
  if (::getpwnam("www-data") == nullptr) skip("there is no user www-data");
  const std::string examples = programs().runners + "/../examples/";
  Site site(text_of(examples + "container/superd.toml"));
  change(site, "0.0.0.0:8000", site.address());
  change(site, "/srv/web", site.dir());
  std::filesystem::copy_file(examples + "gunicorn/app.py", site.path("app.py"));
  std::filesystem::permissions(site.dir(), std::filesystem::perms(0755));
  // As the image's ENTRYPOINT has it.
  const std::string containerfile = text_of(examples + "container/Containerfile");
  constexpr std::string_view kEntry = "\nENTRYPOINT ";
  const std::size_t entry = containerfile.find(kEntry);
  REQUIRE(entry != std::string::npos);
  const auto words = nlohmann::json::parse(containerfile.substr(entry + kEntry.size()));
  std::vector<std::string> argv{"/usr/bin/unshare", "--pid", "--fork", "--mount-proc"};
  for (const std::string word : words) {
    argv.push_back(word == "/usr/bin/superd"           ? programs().superd
                   : word == "/etc/superd/superd.toml" ? site.config()
                                                       : word);
  }
  const UniqueFd log(::open(site.path("superd.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  Program unshare(argv, {.env = {}, .directory = "", .out = log.get(), .err = log.get()});
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  CHECK_THAT(get(site.address(), "/").body, Catch::Contains("Hello from web."));
  CHECK_THAT(site.read("superd.log"), Catch::Contains("Listening at"));
  const std::vector<pid_t> inside = proc::children(unshare.pid());
  REQUIRE(inside.size() == 1);
  CHECK(proc::status(inside.front(), "NSpid").ends_with("\t1"));
  REQUIRE(::kill(inside.front(), SIGTERM) == 0);
  CHECK(unshare.wait(60s) == 0);
}

TEST_CASE("as PID 1 superd ends with a status other than 0 where the shutdown was not in order",
          "[root]") {
  if (::access("/usr/bin/unshare", X_OK) != 0) skip("unshare is not installed");
  Site site(R"(
[group.web]
command = ["@WORKER@", "deaf"]
stop    = { timeout = "1h" }
ready   = { when = "delay", delay = "50ms" }
)");
  const auto in_a_container = [](const std::string& config) -> std::vector<std::string> {
    return {"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", programs().superd, "-c", config};
  };
  CHECK(run(in_a_container(site.path("none.toml"))).exit == 1);

  const UniqueFd log(::open(site.path("superd.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  Program unshare(in_a_container(site.config()),
                  {.env = {}, .directory = "", .out = log.get(), .err = log.get()});
  REQUIRE(wait_until(kSoon, [&] { return site.ctl({"ping"}).exit == 0; }));
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> inside = proc::children(unshare.pid());
  REQUIRE(inside.size() == 1);
  REQUIRE(::kill(inside.front(), SIGTERM) == 0);
  REQUIRE(wait_until(kSoon, [&] {
    for (const pid_t pid : proc::children(inside.front())) {
      if (proc::command(pid).find("superd: supervisor") != std::string::npos) ::kill(pid, SIGKILL);
    }
    return unshare.ended().has_value();
  }));
  CHECK(unshare.ended() == 1);
  CHECK(site.read("superd.log").find("supervisors died of the shutdown") != std::string::npos);
}

}  // namespace superd::scenario
