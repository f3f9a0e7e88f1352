#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/examples.h"

// Runners that do not end when the application cannot be loaded: they hang, or serve errors.
namespace superd::scenario {
namespace {

const char* const kBrokenPython = "raise RuntimeError('no such table: users')\n";

// What clients may get to see of the new process.
enum class Errors { none, of_the_new };

// What superctl says of the deploy of a release whose `file` is broken. The old processes serve on,
// and no request fails but by an error that the new one answered.
std::string deploy_broken(const Example& example, const std::string& file, const std::string& text,
                          Errors errors = Errors::none) {
  const std::string lacking = missing(example);
  if (!lacking.empty()) skip(lacking + " is not installed");
  CAPTURE(example.name);
  Site site(config(example));
  const SampleReleases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 120s));
  const std::vector<pid_t> before = site.main_pids("web");
  Load load(load_on(site, example));
  REQUIRE(load.goes_on());
  releases.deploy_broken("2", file, text);

  const Outcome restart = restart_web(site);

  CHECK(load.goes_on());
  const LoadReport report = load.stop();
  INFO(report);
  INFO(restart.err);
  CHECK(restart.exit == 1);
  for (const LoadReport::Failed& failed : report.failed) {
    CHECK((errors == Errors::of_the_new && failed.what == "status 500"));
  }
  CHECK(report.versions.count("2") == 0);
  CHECK(site.state("web") == "running");
  CHECK(site.main_pids("web") == before);
  return restart.err;
}

// Not ready after this: enough for a good start on a busy machine.
const std::pair<std::string, std::string> kSoonGivenUp = {
    "workers   = 2",
    "workers   = 2\nready     = { timeout = \"20s\" }\nstop = { timeout = \"5s\" }"};

// Of uWSGI's example without need-app.
const std::string kRehearsal =
    R"(["/usr/bin/python3", "/usr/local/share/superd/runners/superd-rehearse", "--sockets", "1", "--", "/usr/bin/uwsgi",
        "--plugin", "python3", "--module", "app:app", "--http-socket", "fd://3", "--master"])";

}  // namespace

TEST_CASE("broken deploy: uvicorn --workers never ends, and is given up at the ready timeout",
          "[long]") {
  const std::string err = deploy_broken(
      {.name = "uvicorn-fd",
       .changes = {{"\"aapp:app\"", "\"--workers\", \"2\", \"aapp:app\""}, kSoonGivenUp}},
      "aapp.py", kBrokenPython);
  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("not ready within 20s"));
  CHECK_THAT(err, Catch::Contains("no such table: users"));
}

TEST_CASE("broken deploy: a puma cluster never ends, and is given up at the ready timeout",
          "[long]") {
  const std::string err = deploy_broken(
      {.name = "puma",
       .changes = {{"\"config.ru\"", "\"--workers\", \"2\", \"config.ru\""}, kSoonGivenUp}},
      "config.ru", "raise 'no such table: users'\n");
  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("not ready within 20s"));
  // Puma tells where, and not what.
  CHECK_THAT(err, Catch::Contains("Unable to start worker") && Catch::Contains("config.ru:1"));
}

TEST_CASE("broken deploy: Apache with a broken release is found out in the rehearsal", "[long]") {
  const std::string err = deploy_broken({.name = "mod_wsgi"}, "app.py", kBrokenPython);
  CHECK_THAT(err, Catch::Contains("GET / answered 500"));
  CHECK_THAT(err, Catch::Contains("no such table: users"));
}

TEST_CASE("broken deploy: uWSGI without need-app is found out in the rehearsal", "[long]") {
  const std::string err =
      deploy_broken({.name = "uwsgi",
                     .changes = {{" \"--need-app\",", ""},
                                 {"workers   = 2",
                                  "workers   = 2\nroll      = { before = " + kRehearsal + " }"}}},
                    "app.py", kBrokenPython);
  CHECK_THAT(err, Catch::Contains("GET / answered 500"));
}

// Without a rehearsal: whoever accepts before it has loaded the application answers clients with
// its errors until superd has seen them too. That much is lost, and no more.
TEST_CASE("broken deploy: uWSGI without need-app and rehearsal is found out by HTTP", "[long]") {
  const std::string err = deploy_broken(
      {.name = "uwsgi",
       .changes = {{" \"--need-app\",", ""},
                   {"\"--http-socket\", \"fd://3\"",
                    "\"--http-socket\", \"fd://3\", \"--http-socket\", \"fd://{fd:probe}\""},
                   {"\"127.0.0.1:8000\"",
                    "\"127.0.0.1:8000\", { name = \"probe\", private = true }"},
                   {"workers   = 2",
                    "workers   = 2\nready     = { http = \"/\", timeout = \"20s\" }"}}},
      "app.py", kBrokenPython, Errors::of_the_new);
  CHECK_THAT(err, Catch::Contains("web.1: ") && Catch::Contains("answered 500"));
}

}  // namespace superd::scenario
