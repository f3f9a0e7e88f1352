#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using core::ReadyWhen;
using Strings = std::vector<std::string>;

namespace {

const std::string kSockets = "listen = [':80', { name = 'probe', private = true }]\n";

core::ReadySpec ready_of(const std::string& keys) { return group_of(kSockets + keys).ready; }

// The status codes of a policy, out of a few.
std::vector<int> accepted(const core::HttpSpec& http) {
  std::vector<int> statuses;
  for (const int status : {101, 199, 200, 204, 299, 300, 399, 400, 401, 499, 500, 503, 599}) {
    if (core::accepts(http, status)) statuses.push_back(status);
  }
  return statuses;
}

std::vector<int> accepted(const std::string& status) {
  return accepted(ready_of("ready.http = { path = '/up', status = " + status + " }").http);
}

// Keys of a group, from line 4 on.
Strings errors_in_group(const std::string& keys) {
  return errors_of("[group.web]\ncommand = ['x']\n" + kSockets + keys);
}

}  // namespace

TEST_CASE("ready http: a path that is written is what is asked, and has to succeed", "[config]") {
  const auto ready = ready_of("ready.http = '/healthz?deep=1'");
  CHECK(ready.when == ReadyWhen::http);
  CHECK(ready.http.path == "/healthz?deep=1");
  CHECK(accepted(ready.http) == std::vector<int>{200, 204, 299, 300, 399});
  CHECK(ready_of("ready = { when = 'auto', http = '/up' }").when == ReadyWhen::http);
  CHECK(ready_of("ready = { when = 'http', http = { path = '/up' } }").http.path == "/up");
}

TEST_CASE("ready http: where nothing is written any answer counts but a failure of the server",
          "[config]") {
  const auto ready = ready_of("ready.when = 'http'");
  CHECK(ready.when == ReadyWhen::http);
  CHECK(ready.http.path == "/");
  CHECK(accepted(ready.http) == std::vector<int>{200, 204, 299, 300, 399, 400, 401, 499});
}

TEST_CASE("ready http: which answers count is a status, a range, or a list of both", "[config]") {
  CHECK(accepted("204") == std::vector<int>{204});
  CHECK(accepted("'204'") == std::vector<int>{204});
  CHECK(accepted("'200-299'") == std::vector<int>{200, 204, 299});
  CHECK(accepted("'200-299, 401,500 - 503'") == std::vector<int>{200, 204, 299, 401, 500, 503});
  for (const std::string wrong : {"'ok'", "''", "'200-'", "'299-200'", "'200,'", "'100'", "'600'",
                                  "[200, 204]", "'-1'", "'2xx'"}) {
    CAPTURE(wrong);
    const auto errors = errors_in_group("ready.http = { path = '/up', status = " + wrong + " }");
    REQUIRE(errors.size() == 1);
    CHECK(errors.front().starts_with(
        "4:39: group.web.ready.http.status: expected statuses from 200 to 599 such as \"200-399\" "
        "or \"200-299,401\", found "));
  }
}

TEST_CASE("ready http: what is no path is an error", "[config]") {
  for (const std::string wrong :
       {"'healthz'", "'http://127.0.0.1/up'", "'/a b'", "'/ä'", "''", "'/a#b'"}) {
    CAPTURE(wrong);
    const auto errors = errors_in_group("ready.http = " + wrong);
    REQUIRE(errors.size() == 1);
    CHECK(errors.front().starts_with("4:14: group.web.ready.http: expected a path such as"));
  }
  CHECK(errors_in_group("ready.http = 80")
            .front()
            .starts_with("4:14: group.web.ready.http: expected a path such as \"/healthz\", or a "
                         "table { path, status "
                         "}, found"));
  CHECK(errors_in_group("ready.http = { status = 200 }") ==
        Strings{"4:14: group.web.ready.http: which path is to be asked? Add path = \"/healthz\""});
  CHECK(errors_in_group("ready.http = { path = '/', state = 200 }").front().find("unknown key") !=
        std::string::npos);
}

TEST_CASE("ready http: a group without a private socket is told the line that it lacks",
          "[config]") {
  const std::string remedy =
      "\"http\" needs a socket on which nobody but the new process can answer: add { name = "
      "\"probe\", private = true } to the group's listen";
  const std::string group = "[group.web]\ncommand = ['x']\nlisten = [':80']\n";
  CHECK(errors_of(group + "ready.when = 'http'") ==
        Strings{"4:14: group.web.ready.when: " + remedy});
  CHECK(errors_of(group + "ready.http = '/up'") ==
        Strings{"4:14: group.web.ready.http: " + remedy});
  CHECK(errors_of("[group.web]\ncommand = ['x']\nready.http = '/up'") ==
        Strings{"3:14: group.web.ready.http: a group without sockets cannot be asked by HTTP: add "
                "listen = [\"127.0.0.1:8000\", { name = \"probe\", private = true }]"});
}

TEST_CASE("ready http: it belongs to no other way, and has no delay", "[config]") {
  CHECK(errors_in_group("ready = { when = 'listening', http = '/up' }") ==
        Strings{"4:38: group.web.ready.http: superd asks only with when = \"http\": write that, or "
                "leave it out"});
  CHECK(errors_in_group("ready = { http = '/up', delay = '1s' }") ==
        Strings{"4:33: group.web.ready.delay: superd asks the worker itself: leave the delay out, "
                "or write when = \"delay\""});
}
