#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;
using Kind = core::TriggerAction::Kind;

namespace {

// A trigger's keys besides its paths, from line 5 on.
Strings errors_in_trigger(const std::string& keys) {
  return errors_of("[group.web]\ncommand = ['x']\n[[group.web.trigger]]\npaths = ['a']\n" + keys);
}

core::TriggerSpec trigger_of(const std::string& keys) {
  const auto triggers = group_of("[[group.web.trigger]]\npaths = ['a']\n" + keys).triggers;
  REQUIRE(triggers.size() == 1);
  return triggers.front();
}

}  // namespace

TEST_CASE("trigger: a group has none, and one restarts at once after 100ms of quiet", "[config]") {
  CHECK(group_of("").triggers.empty());
  CHECK(!group_of("").hold_file);
  const core::TriggerSpec trigger = trigger_of("");
  CHECK(trigger.paths == Strings{"a"});
  CHECK(trigger.ignore.empty());
  CHECK(trigger.action == core::TriggerAction{.kind = Kind::restart});
  CHECK(trigger.settle == 100ms);
  CHECK(!trigger.content);
  CHECK(trigger.poll == 0s);
}

TEST_CASE("trigger: every key is read, and a group may have several", "[config]") {
  const core::GroupSpec group = group_of(R"(
hold_file = "deploy.lock"
[[group.web.trigger]]
paths = ["app.wsgi", "conf/*.ini", "src/", "/etc/{group}/{worker}.ini"]
ignore = ["*.log", "tmp/"]
action = "stop"
when = "now"
settle = "2s"
content = true
poll = "10s"
[[group.web.trigger]]
paths = ["up"]
action = "start"
)");
  CHECK(group.hold_file == "deploy.lock");
  REQUIRE(group.triggers.size() == 2);
  const core::TriggerSpec& first = group.triggers[0];
  CHECK(first.paths == Strings{"app.wsgi", "conf/*.ini", "src/", "/etc/{group}/{worker}.ini"});
  CHECK(first.ignore == Strings{"*.log", "tmp/"});
  CHECK(first.action.kind == Kind::stop);
  CHECK(first.settle == 2s);
  CHECK(first.content);
  CHECK(first.poll == 10s);
  CHECK(group.triggers[1].action.kind == Kind::start);
}

TEST_CASE("trigger: the next request may start new processes, in a group with sockets",
          "[config]") {
  const core::GroupSpec group = group_of(R"(
listen = ["127.0.0.1:8000"]
[[group.web.trigger]]
paths = ["a"]
when = "next-request"
)");
  CHECK(group.triggers.at(0).action.kind == Kind::restart_at_request);
  CHECK(errors_in_trigger("when = 'next-request'").at(0).find("no request comes to a group") !=
        std::string::npos);
  CHECK(errors_in_trigger("when = 'next-request'\naction = 'stop'").at(0).find("nothing else") !=
        std::string::npos);
}

TEST_CASE("trigger: the action may be a signal", "[config]") {
  CHECK(trigger_of("action = 'signal HUP'").action ==
        core::TriggerAction{.kind = Kind::signal, .signal = SIGHUP});
  CHECK(trigger_of("action = 'signal SIGUSR1'").action.signal == SIGUSR1);
  CHECK(errors_in_trigger("action = 'signal HAP'") ==
        Strings{R"(5:10: group.web.trigger.action: unknown signal "HAP", did you mean "HUP"?)"});
}

TEST_CASE("trigger: an action or a time that is none is an error with the remedy", "[config]") {
  CHECK(errors_in_trigger("action = 'restrat'") ==
        Strings{R"(5:10: group.web.trigger.action: expected "restart", "reload", "stop", "start" )"
                R"(or "signal HUP", found the string "restrat": did you mean "restart"?)"});
  CHECK(errors_in_trigger("action = 'reload'").size() == 1);
  CHECK(errors_in_trigger("when = 'later'").size() == 1);
  CHECK(errors_in_trigger("settle = '2h'") ==
        Strings{"5:10: group.web.trigger.settle: 2h is longer than 1h"});
  CHECK(errors_in_trigger("poll = '1ms'").size() == 1);
  CHECK(errors_in_trigger("setle = '1s'") ==
        Strings{R"(5:1: unknown key "setle" in [group.web.trigger], did you mean "settle"?)"});
}

TEST_CASE("trigger: without paths, or as one table, it is an error", "[config]") {
  CHECK(errors_of("[group.web]\ncommand = ['x']\n[[group.web.trigger]]\naction = 'stop'") ==
        Strings{R"(3:1: [[group.web.trigger]] has no paths: add paths = )"
                R"(["app.wsgi", "conf/*.ini", "src/"])"});
  CHECK(errors_of("[group.web]\ncommand = ['x']\n[group.web.trigger]\npaths = ['a']") ==
        Strings{"3:1: group.web.trigger: expected tables, found a table: write "
                "[[group.web.trigger]]"});
  CHECK(errors_of("[group.web]\ncommand = ['x']\n[[group.web.trigger]]\npaths = []") ==
        Strings{R"(4:9: group.web.trigger.paths: no path: write )"
                R"(["app.wsgi", "conf/*.ini", "src/"])"});
}

TEST_CASE("trigger: a path is the same for every process of a worker", "[config]") {
  const auto errors =
      errors_of("[group.web]\ncommand = ['x']\n[[group.web.trigger]]\npaths = ['{generation}/a']");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].starts_with("4:10: group.web.trigger.paths: "));
  CHECK(errors_of("[group.web]\ncommand = ['x']\ndirectory = '/srv/{generation}'\n"
                  "hold_file = 'lock'")
            .size() == 1);
  CHECK(errors_of("[group.web]\ncommand = ['x']\ndirectory = '/srv/{generation}'\n"
                  "hold_file = '/srv/lock'")
            .empty());
}
