#include <string>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/superd.h"

namespace superd::scenario {
namespace {

std::string uwsgi() {
  if (::access("/usr/bin/uwsgi", X_OK) != 0) skip("uwsgi is not installed");
  return R"(
[group.web]
command = ["/usr/bin/uwsgi", "--plugin", "python3", "--module", "app:app", "--need-app",
           "--http-socket", "fd://{fd:socket}", "--master", "--processes", "2",
           "--hook-master-start", "unix_signal:15 gracefully_kill_them_all"]
workers   = 2
listen    = ["@ADDRESS@"]
directory = "@APPS@"
env       = { PYTHONDONTWRITEBYTECODE = "1" }
ready     = { when = "notify" }
)";
}

// Whether all processes of the two masters serve. uWSGI says READY=1 before its hook has run and
// before its processes can take a signal: a stop in between is not graceful.
bool all_serve(const Site& site) {
  constexpr std::size_t kProcesses = 4;
  return wait_until(kSoon, [&] {
    std::vector<std::unique_ptr<Get>> requests;
    for (std::size_t i = 0; i < kProcesses; ++i) {
      requests.push_back(std::make_unique<Get>(site.address(), "/slow"));
    }
    std::set<std::string> pids;
    for (const auto& request : requests) pids.insert(request->reply().body);
    return pids.size() == kProcesses;
  });
}

}  // namespace

TEST_CASE("uwsgi: masters with processes of their own serve HTTP by fd://3", "[all]") {
  Site site(uwsgi());
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(all_serve(site));

  for (int i = 0; i < 10; ++i) CHECK(get(site.address(), "/").body == "hello");
  // A master and its two processes each.
  CHECK(wait_until(kSoon, [&] { return site.pids("web").size() == 6; }));
  CHECK(site.main_pids("web").size() == 2);
}

TEST_CASE("uwsgi: a restart keeps the request in flight, and the next client waits", "[all]") {
  Site site(uwsgi());
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(all_serve(site));
  const std::vector<pid_t> before = site.pids("web");
  Get slow(site.address(), "/slow");

  CHECK(site.ctl({"restart", "web", "--now"}).exit == 0);
  CHECK(all_serve(site));

  CHECK(slow.reply().status == 200);
  CHECK(get(site.address(), "/generation").body == "2");
  for (const pid_t pid : before) CHECK(!proc::alive(pid));
}

TEST_CASE("uwsgi: the stop is clean by uwsgi's own exit status", "[all]") {
  Site site(uwsgi());
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  REQUIRE(all_serve(site));
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  CHECK(site.state("web") == "stopped");
  CHECK(site.worker("web.1").at("exit").at("code") == 0);
}

}  // namespace superd::scenario
