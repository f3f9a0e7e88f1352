#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/examples.h"

// Every example of etc/runners is replaced three times under an open load of 50 requests a second.
// The files are what a user copies; no test says more than they do.
namespace superd::scenario {
namespace {

using Seconds = std::chrono::duration<double>;

struct Rolled {
  LoadReport report;
  Seconds rolling{0};
};

Rolled roll_three_times(const Example& example) {
  const std::string file = missing(example);
  if (!file.empty()) skip(file + " is not installed");
  Site site(config(example));
  const SampleReleases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 120s));
  Load load(load_on(site, example));
  REQUIRE(load.goes_on());

  Rolled rolled;
  for (const int generation : {2, 3, 4}) {
    const std::vector<pid_t> before = site.pids("web");
    releases.deploy(std::to_string(generation));
    const auto begin = std::chrono::steady_clock::now();
    const Outcome restart = restart_web(site);
    rolled.rolling += std::chrono::steady_clock::now() - begin;
    INFO(restart.err);
    CHECK(restart.exit == 0);
    CHECK(before.size() >= 2);
    for (const pid_t pid : before) CHECK(!proc::alive(pid));
    CHECK(site.state("web") == "running");
    REQUIRE(load.goes_on());
  }

  rolled.report = load.stop();
  for (const int generation : {1, 2, 3, 4}) {
    CHECK(rolled.report.generations.count(generation) == 1);
    CHECK(rolled.report.versions.count(std::to_string(generation)) == 1);
  }
  const std::vector<pid_t> last = site.pids("web");
  CHECK(site.ctl({"stop", "web"}).exit == 0);
  for (const pid_t pid : last) CHECK(!proc::alive(pid));
  std::cout << example.name << " | " << name(example.socket) << " | " << rolled.report.asked
            << " | " << rolled.report.failed.size() << " | " << rolled.report.longest.count()
            << " ms | " << rolled.rolling.count() / 3 << " s\n";
  return rolled;
}

void lose_nothing(const Example& example) {
  CAPTURE(example.name, name(example.socket));
  const Rolled rolled = roll_three_times(example);
  INFO(rolled.report);
  CHECK(rolled.report.failed.empty());
  CHECK(rolled.report.ok == rolled.report.asked);
}

// How many requests may fail while six processes leave, and how.
struct Loss {
  std::size_t most = 0;
  std::set<std::string> ways;
};
// Of one that drops what runs: with every 25th request half a second long about one each time.
const Loss kWhatRuns{.most = 18, .ways = {"eof", "eof in the answer", "reset"}};
// Of one that drops what it has accepted in the very moment of its stop: uvicorn 1 of 12,323
// requests, hypercorn 1 of 6,000.
const Loss kJustAccepted{.most = 2, .ways = {"eof", "reset"}};

// A runner that drops requests when it is asked to leave. superd can see to it that nothing else is
// lost: nobody is refused, and nobody waits for an answer that does not come.
void lose_at_most(const Loss& loss, const Example& example) {
  CAPTURE(example.name, name(example.socket));
  const Rolled rolled = roll_three_times(example);
  INFO(rolled.report);
  CHECK(rolled.report.failed.size() <= loss.most);
  for (const LoadReport::Failed& failed : rolled.report.failed) {
    CHECK(loss.ways.count(failed.what) == 1);
  }
}

}  // namespace

TEST_CASE("runners: every example passes the check, and superd knows its runner", "[root]") {
  for (const char* example : {"cheroot",
                              "daphne",
                              "gevent",
                              "gunicorn",
                              "gunicorn-gevent",
                              "gunicorn-gthread",
                              "gunicorn-uvicorn",
                              "hypercorn",
                              "hypercorn-fd",
                              "mod_wsgi",
                              "node",
                              "php-fpm",
                              "puma",
                              "twist",
                              "unicorn",
                              "uvicorn",
                              "uvicorn-fd",
                              "uwsgi",
                              "uwsgi-lazy",
                              "uwsgi-protocol",
                              "uwsgi-single",
                              "waitress",
                              "waitress-serve",
                              "wsgiref"}) {
    CAPTURE(example);
    const std::string file = programs().runners + "/" + example + ".toml";
    const Outcome check = run({programs().superd, "--check", "-c", file});
    INFO(check.out << check.err);
    CHECK(check.exit == 0);
    const std::string runner = std::string(example) == "php-fpm"
                                   ? example
                                   : std::string(example).substr(0, std::string(example).find('-'));
    CHECK_THAT(check.out + check.err, Catch::Contains("runner " + runner));
    // Those that lose requests by nature, and the one that has a better sibling.
    const bool warned = (check.out + check.err).find("warning") != std::string::npos;
    const std::set<std::string> expected = {"daphne", "twist", "waitress-serve"};
    CHECK(warned == (expected.count(example) == 1));
  }
}

TEST_CASE("runners: waitress by superd-waitress loses no request", "[root]") {
  lose_nothing({.name = "waitress"});
}

TEST_CASE("runners: uWSGI without a master on a unix socket loses no request", "[root]") {
  lose_nothing({.name = "uwsgi-single", .socket = Socket::unix_path});
}

TEST_CASE("runners: cheroot by superd-cheroot loses no request", "[root]") {
  lose_nothing({.name = "cheroot"});
}

TEST_CASE("runners: gunicorn with every kind of worker loses no request", "[long]") {
  const std::string name =
      GENERATE("gunicorn", "gunicorn-gthread", "gunicorn-gevent", "gunicorn-uvicorn");
  lose_nothing({.name = name, .socket = any_socket()});
}

TEST_CASE("runners: uWSGI in every form loses no request", "[long]") {
  const std::string name = GENERATE("uwsgi", "uwsgi-protocol", "uwsgi-lazy", "uwsgi-single");
  lose_nothing({.name = name, .socket = any_socket()});
}

TEST_CASE("runners: the launchers lose no request", "[full][long]") {
  const std::string name = GENERATE("waitress", "cheroot", "gevent", "wsgiref", "node");
  lose_nothing({.name = name, .socket = any_socket()});
}

TEST_CASE("runners: stock waitress-serve by the shim loses no request", "[long]") {
  SECTION("tcp") { lose_nothing({.name = "waitress-serve"}); }
  SECTION("unix") {
    lose_nothing({.name = "waitress-serve",
                  .socket = Socket::unix_path,
                  .changes = {{"\"--listen\"", "\"--unix-socket\""}}});
  }
}

TEST_CASE("runners: uvicorn by superd-uvicorn loses no request", "[full][long]") {
  lose_nothing({.name = "uvicorn", .socket = any_socket()});
}

TEST_CASE("runners: uvicorn itself resets no client but one that it has just accepted", "[long]") {
  lose_at_most(kJustAccepted, {.name = "uvicorn-fd", .socket = any_socket()});
}

TEST_CASE("runners: hypercorn by superd-hypercorn loses no request", "[full][long]") {
  lose_nothing({.name = "hypercorn", .socket = any_socket()});
}

TEST_CASE("runners: hypercorn itself resets no client but one that it has just accepted",
          "[long]") {
  lose_at_most(kJustAccepted, {.name = "hypercorn-fd", .socket = any_socket()});
}

TEST_CASE("runners: a reload by the preset's signal leaves the sockets and the main processes",
          "[long]") {
  const std::string name = GENERATE("gunicorn", "gunicorn-gthread", "uwsgi", "uwsgi-lazy",
                                    "php-fpm", "mod_wsgi", "puma", "unicorn");
  CAPTURE(name);
  const Example example{.name = name};
  const std::string file = missing(example);
  if (!file.empty()) skip(file + " is not installed");
  Site site(config(example));
  const SampleReleases releases(site);
  const Superd superd(site);
  REQUIRE(site.reaches("web", "running", 120s));
  const std::vector<pid_t> before = site.main_pids("web");
  Load load(load_on(site, example));
  REQUIRE(load.goes_on());
  const bool has_none = name == "puma" || name == "unicorn";
  CHECK(site.ctl({"reload", "web"}).exit == (has_none ? 1 : 0));
  CHECK(load.goes_on(200));
  const LoadReport report = load.stop();
  INFO(report);
  CHECK(report.failed.empty());
  CHECK(site.main_pids("web") == before);
}

TEST_CASE("runners: Apache with mod_wsgi by the shim loses no request", "[long]") {
  lose_nothing({.name = "mod_wsgi"});
}

TEST_CASE("runners: puma loses no request", "[long]") {
  lose_nothing({.name = "puma", .socket = any_socket()});
}

TEST_CASE("runners: unicorn loses no request", "[full][long]") {
  lose_nothing({.name = "unicorn", .socket = any_socket()});
}

TEST_CASE("runners: php-fpm loses no request", "[long]") {
  lose_nothing({.name = "php-fpm", .socket = any_socket()});
}

TEST_CASE("runners: daphne loses what runs when it leaves, and nothing else", "[long]") {
  lose_at_most(kWhatRuns, {.name = "daphne"});
}

TEST_CASE("runners: twist loses what runs when it leaves, and nothing else", "[long]") {
  lose_at_most(kWhatRuns, {.name = "twist"});
}

}  // namespace superd::scenario
