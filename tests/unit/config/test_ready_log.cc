#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using core::ReadyWhen;
using Strings = std::vector<std::string>;

namespace {

// Keys of a group, from line 3 on.
Strings errors_in_group(const std::string& keys) {
  return errors_of("[group.web]\ncommand = ['x']\n" + keys);
}

}  // namespace

TEST_CASE("ready: a line of the output is looked for by a regular expression", "[config]") {
  const auto ready = group_of(R"(ready = { when = "log", match = 'Listening at: .*:\d+$' })").ready;
  CHECK(ready.when == ReadyWhen::log);
  CHECK(ready.match == R"(Listening at: .*:\d+$)");
  CHECK(group_of("ready.match = 'up'").ready.when == ReadyWhen::log);
  CHECK(group_of("ready.match = 'up'\nlog.output = 'discard'").ready.when == ReadyWhen::log);
}

TEST_CASE("ready: a bad regular expression is an error in the words of who reads it", "[config]") {
  const auto both = errors_in_group(
      "listen = ['127.0.0.1:80', { name = 'probe', private = true }]\n"
      "ready = { match = 'up', http = '/' }");
  REQUIRE(both.size() == 1);
  CHECK(both.front().find("only with when = \"log\": write that, or leave it out") !=
        std::string::npos);
  CHECK(errors_in_group("ready.match = '(up'") ==
        Strings{"3:15: group.web.ready.match: no regular expression: missing ): (up"});
  CHECK(errors_in_group("ready.match = '(?!down)'") ==
        Strings{"3:15: group.web.ready.match: no regular expression: invalid perl operator: (?!"});
  CHECK(errors_in_group("ready.match = ''").size() == 1);
}

TEST_CASE("ready: \"log\" needs a match, and a match needs \"log\"", "[config]") {
  CHECK(errors_in_group("ready.when = 'log'") ==
        Strings{R"(3:14: group.web.ready.when: "log" needs match = "REGEX", which is found in a )"
                R"(line of the worker's output once it serves)"});
  CHECK(errors_in_group("ready = { when = 'notify', match = 'up' }") ==
        Strings{R"(3:36: group.web.ready.match: a line is looked for only with when = "log": )"
                R"(write that, or leave it out)"});
  CHECK(errors_in_group("ready = { match = 'up', delay = '1s' }") ==
        Strings{R"(3:33: group.web.ready.delay: a line of the worker's output tells when it is )"
                R"(ready: leave the delay out, or write when = "delay")"});
}

TEST_CASE("ready: no line can be looked for in output that superd does not see", "[config]") {
  CHECK(errors_in_group("ready.match = 'up'\nlog.output = 'inherit'") ==
        Strings{R"(4:14: group.web.log.output: with "inherit" the output goes past superd, and )"
                R"(ready.when = "log" looks in it: write "file" or "discard", or choose another )"
                R"(way of being ready)"});
}
