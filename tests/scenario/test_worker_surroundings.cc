#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

// What `dump` wrote.
struct Dump {
  std::map<int, std::string> fds;
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> facts;
};

Dump dump_of(const Site& site, const std::string& file) {
  Dump dump;
  wait_until(kSoon, [&] { return !site.read(file).empty(); });
  std::istringstream stream(site.read(file));
  for (std::string line; std::getline(stream, line);) {
    const std::size_t space = line.find(' ');
    const std::string key = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (key == "fd") {
      dump.fds[std::stoi(rest)] = rest.substr(rest.find(' ') + 1);
    } else if (key == "env") {
      dump.env[rest.substr(0, rest.find('='))] = rest.substr(rest.find('=') + 1);
    } else {
      dump.facts[key] = rest;
    }
  }
  return dump;
}

constexpr const char* kTwoSockets = R"(
[group.web]
command   = ["@WORKER@", "dump", "@DIR@/dump.{worker}"]
workers   = 2
listen    = ["@ADDRESS@", { address = "unix:@DIR@/web.sock", name = "admin" }]
ready     = { when = "delay", delay = "10ms" }
)";

}  // namespace

TEST_CASE("a worker gets its group's sockets from descriptor 3 on, and no other", "[all]") {
  Site site(kTwoSockets);
  const Superd superd(site);
  const Dump dump = dump_of(site, "dump.2");
  REQUIRE(dump.fds.size() == 5);
  CHECK(dump.fds.at(0) == "/dev/null");
  CHECK(dump.fds.at(1).rfind("pipe:", 0) == 0);
  CHECK(dump.fds.at(2).rfind("pipe:", 0) == 0);
  CHECK(dump.fds.at(3).rfind("socket:", 0) == 0);
  CHECK(dump.fds.at(4).rfind("socket:", 0) == 0);
  CHECK(dump_of(site, "dump.1").fds.at(3) == dump.fds.at(3));
  CHECK(dump.env.at("LISTEN_FDS") == "2");
  CHECK(dump.env.at("LISTEN_PID") == dump.facts.at("pid"));
  CHECK(dump.env.at("LISTEN_FDNAMES") == "socket:admin");
}

TEST_CASE("a worker knows its superd, its group, itself and its generation", "[all]") {
  Site site(kTwoSockets);
  const Superd superd(site);
  const Dump dump = dump_of(site, "dump.2");
  CHECK(dump.env.at("SUPERD_GROUP") == "web");
  CHECK(dump.env.at("SUPERD_WORKER") == "web.2");
  CHECK(dump.env.at("SUPERD_GENERATION") == "1");
  CHECK(dump.env.at("SUPERD_SOCKET") == site.path("run/worker.sock"));
  CHECK(::access(dump.env.at("SUPERD_SOCKET").c_str(), W_OK) == 0);
  CHECK(dump_of(site, "dump.1").env.at("NOTIFY_SOCKET") != dump.env.at("NOTIFY_SOCKET"));
}

TEST_CASE("a worker has its own session, default signals and an empty mask", "[all]") {
  Site site(kTwoSockets);
  const Superd superd(site);
  const Dump dump = dump_of(site, "dump.1");
  CHECK(dump.facts.at("session") == dump.facts.at("pid"));
  CHECK(dump.facts.at("process-group") == dump.facts.at("pid"));
  CHECK(std::stoull(dump.facts.at("SigBlk"), nullptr, 16) == 0);
  CHECK(std::stoull(dump.facts.at("SigIgn"), nullptr, 16) == 0);
}

TEST_CASE("a worker has the limit of files that superd was started with, and the limits asked for",
          "[all]") {
  Site site(R"(
[group.plain]
command = ["@WORKER@", "dump", "@DIR@/plain"]
[group.limited]
command = ["@WORKER@", "dump", "@DIR@/limited"]
umask   = "0027"
limits  = { nofile = [100, 200], nice = 5 }
)");
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const Superd superd(site);
  CHECK(dump_of(site, "plain").facts.at("nofile").rfind(std::to_string(own.rlim_cur) + " ", 0) ==
        0);
  const Dump limited = dump_of(site, "limited");
  CHECK(limited.facts.at("nofile") == "100 200");
  CHECK(limited.facts.at("nice") == "5");
  CHECK(limited.facts.at("umask") == "0027");
}

TEST_CASE("a worker's environment: superd's own, env_file, env, or almost nothing", "[all]") {
  Site site(R"(
[group.heir]
command   = ["@WORKER@", "dump", "@DIR@/heir"]
directory = "@DIR@"
env_file  = "heir.env"
env       = { COLOUR = "blue", WHO = "{group}.{worker}" }
[group.pure]
command   = ["@WORKER@", "dump", "@DIR@/pure"]
clear_env = true
env       = { ONLY = "this" }
)");
  site.write("heir.env", "# a comment\nCOLOUR=red\nexport GREETING=\"good day\"\n");
  ::setenv("FROM_OUTSIDE", "yes", 1);
  ::setenv("WATCHDOG_USEC", "1000000", 1);
  ::setenv("INVOCATION_ID", "0123", 1);
  const Superd superd(site);

  const Dump heir = dump_of(site, "heir");
  CHECK(heir.env.at("FROM_OUTSIDE") == "yes");
  CHECK(heir.env.at("COLOUR") == "blue");
  CHECK(heir.env.at("GREETING") == "good day");
  CHECK(heir.env.at("WHO") == "heir.1");
  CHECK(heir.env.count("WATCHDOG_USEC") == 0);
  CHECK(heir.env.count("INVOCATION_ID") == 0);
  CHECK(heir.env.count("LISTEN_FDS") == 0);
  CHECK(heir.facts.at("directory") == site.dir());

  const std::set<std::string> known = {"PATH",          "HOME",          "USER",
                                       "LANG",          "ONLY",          "SUPERD_SOCKET",
                                       "SUPERD_GROUP",  "SUPERD_WORKER", "SUPERD_GENERATION",
                                       "NOTIFY_SOCKET", "LOGNAME",       "SHELL"};
  const Dump pure = dump_of(site, "pure");
  CHECK(pure.env.at("ONLY") == "this");
  for (const auto& [name, value] : pure.env) {
    INFO(name << "=" << value);
    CHECK(known.count(name) == 1);
  }
}

TEST_CASE("a worker of another user has that user's identity, groups and home, and no way back",
          "[root][nocgroup]") {
  Site site(R"(
[group.web]
command = ["@WORKER@", "dump", "@DIR@/open/dump"]
user    = "www-data"
listen  = ["@ADDRESS@"]
ready   = { when = "delay", delay = "10ms" }
)");
  const passwd* user = ::getpwnam("www-data");
  REQUIRE(user != nullptr);
  const std::string uid = std::to_string(user->pw_uid);
  const std::string gid = std::to_string(user->pw_gid);
  const std::string home = user->pw_dir;
  REQUIRE(run({"install", "-d", "-o", "www-data", site.path("open")}).exit == 0);
  if (run({"/usr/bin/setpriv", "--reuid", uid, "--clear-groups", "test", "-x", programs().worker})
          .exit != 0) {
    skip("www-data cannot reach the build");
  }
  const Superd superd(site);
  const Dump dump = dump_of(site, "open/dump");
  CHECK(dump.facts.at("uid") == uid);
  CHECK(dump.facts.at("gid") == gid);
  CHECK(dump.facts.at("groups") == gid);
  CHECK(dump.facts.at("NoNewPrivs") == "1");
  CHECK(dump.env.at("HOME") == home);
  CHECK(dump.env.at("USER") == "www-data");
}

}  // namespace superd::scenario
