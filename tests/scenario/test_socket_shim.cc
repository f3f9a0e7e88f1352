#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/deploy.h"

namespace superd::scenario {
namespace {

// Binds by itself, as the program of somebody who never heard of superd; tells its process and what
// a program that it runs has in its environment.
const std::string kServer = R"(
import http.server, os, subprocess, sys

class Tell(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        child = subprocess.run(["env"], env=dict(os.environ), capture_output=True, text=True).stdout
        names = sorted({line.split("=")[0] for line in child.splitlines()})
        shown = [name for name in names if name in ("LD_PRELOAD", "SUPERD_SHIM", "LISTEN_FDS")]
        body = f"{os.getpid()} {shown}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tell).serve_forever()
)";

bool has_waitress() { return run({"waitress-serve", "--help"}).exit == 0; }

}  // namespace

TEST_CASE(
    "socket_shim: programs that bind for themselves share the held socket, through a shell, "
    "and what they run sees nothing of it",
    "[root]") {
  Site site(R"(
[group.web]
command     = ["sh", "-c", "python3 server.py 127.0.0.1 @PORT@; true"]
workers     = 2
listen      = ["@ADDRESS@"]
socket_shim = true
)");
  site.write("server.py", kServer);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running"));
  const std::vector<pid_t> pids = site.pids("web");
  for (int i = 0; i < 4; ++i) {
    const Reply reply = get(site.address(), "/");
    REQUIRE(reply.status == 200);
    CHECK_THAT(pids, Catch::VectorContains(static_cast<pid_t>(std::stol(reply.body))));
    CHECK(reply.body.substr(reply.body.find(' ') + 1) == "[]");
  }
  REQUIRE(site.ctl({"restart", "web"}).exit == 0);
  for (const pid_t pid : pids) CHECK(!proc::alive(pid));
  CHECK(get(site.address(), "/").status == 200);
}

TEST_CASE("socket_shim: a program that nothing can be preloaded into does not pass the check",
          "[full]") {
  Site site(R"(
[group.web]
command     = ["su", "-c", "true"]
listen      = ["@ADDRESS@"]
socket_shim = true
)");
  const Outcome check = site.superd({"--check"});
  CHECK(check.exit == 1);
  CHECK_THAT(check.err, Catch::Contains("is set-user-ID, and nothing can be preloaded into it"));
}

TEST_CASE("socket_shim: waitress-serve as it is is replaced under load, and no request fails",
          "[full]") {
  if (!has_waitress()) skip("waitress-serve is not installed");
  const Socket socket = GENERATE(Socket::tcp, Socket::unix_path);
  CAPTURE(name(socket));
  const bool tcp = socket == Socket::tcp;
  Site site(std::string("\n[group.web]\ncommand = [\"waitress-serve\", \"--threads=32\", ") +
            (tcp ? "\"--listen={addr:socket}\"" : "\"--unix-socket={addr:socket}\"") +
            ", \"shop:wsgi\"]\nlisten = [\"" + (tcp ? "@ADDRESS@" : "unix:@DIR@/web.sock") +
            R"("]
workers     = 2
directory   = "@DIR@/current"
socket_shim = true
stop.signal = "INT"
)");
  const Releases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 60s));
  Load load(load_on(site, socket));
  REQUIRE(load.goes_on());
  for (const char* release : {"2", "3"}) {
    const std::vector<pid_t> before = site.pids("web");
    releases.deploy(release);
    const Outcome restart = restart_web(site);
    INFO(restart.err);
    CHECK(restart.exit == 0);
    for (const pid_t pid : before) CHECK(!proc::alive(pid));
    REQUIRE(load.goes_on());
  }
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(report.versions.count("3") == 1);
}

}  // namespace superd::scenario
