#include <iostream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/examples.h"

// Runners that do not end when the application cannot be loaded: they hang, or serve errors.
namespace superd::scenario {
namespace {

const char* const kBrokenPython = "raise RuntimeError('no such table: users')\n";

// What superctl says of the deploy of a release whose `file` is broken. The old processes serve on,
// and no request fails.
std::string deploy_broken(const Example& example, const std::string& file,
                          const std::string& text) {
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
  CHECK(report.failed.empty());
  std::cout << "broken " << example.name << " | " << report.asked << " | " << report.failed.size()
            << '\n';
  CHECK(report.versions.count("2") == 0);
  CHECK(site.state("web") == "running");
  CHECK(site.main_pids("web") == before);
  return restart.err;
}

// Not ready after this: enough for a good start on a busy machine.
const std::pair<std::string, std::string> kSoonGivenUp = {
    "workers   = 2",
    "workers   = 2\nready     = { timeout = \"20s\" }\nstop = { timeout = \"5s\" }"};

// uWSGI's example without what makes it end where the application cannot be loaded.
Example uwsgi_without_need_app(std::vector<std::pair<std::string, std::string>> changes) {
  changes.emplace_back(" \"--need-app\",", "");
  changes.push_back(kSoonGivenUp);
  return {.name = "uwsgi", .changes = std::move(changes)};
}

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

TEST_CASE("broken deploy: Apache answers errors, which no client sees", "[long]") {
  const std::string err =
      deploy_broken({.name = "mod_wsgi", .changes = {kSoonGivenUp}}, "app.py", kBrokenPython);
  CHECK_THAT(err, Catch::Contains("the rehearsal was not ready within 20s: GET / on 127.0.0.1:") &&
                      Catch::Contains(" answered 500"));
  CHECK_THAT(err, Catch::Contains("no such table: users"));
}

TEST_CASE("broken deploy: uWSGI without need-app answers errors, which no client sees", "[long]") {
  const std::string err = deploy_broken(uwsgi_without_need_app({}), "app.py", kBrokenPython);
  CHECK_THAT(err, Catch::Contains("the rehearsal was not ready within 20s: GET / on 127.0.0.1:") &&
                      Catch::Contains(" answered 500"));
  CHECK_THAT(err, Catch::Contains("no such table: users"));
}

TEST_CASE("broken deploy: uWSGI without need-app and with a private socket", "[long]") {
  const std::string err = deploy_broken(
      uwsgi_without_need_app(
          {{"\"--http-socket\", \"fd://3\"",
            "\"--http-socket\", \"fd://3\", \"--http-socket\", "
            "\"fd://{fd:probe}\""},
           {"\"127.0.0.1:8000\"", "\"127.0.0.1:8000\", { name = \"probe\", private = true }"}}),
      "app.py", kBrokenPython);
  CHECK_THAT(err,
             Catch::Contains("the rehearsal was not ready") && Catch::Contains("answered 500"));
}

}  // namespace superd::scenario
