#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;
using Verb = core::SignalOrder::Verb;

namespace {

constexpr const char* kGroups = R"(
[group.web]
command = ['x']
workers = 2
[group.api]
command = ['x']
)";

// Lines of [superd.signals], from line 2 on.
core::Spec with(const std::string& lines) {
  return spec_of("[superd.signals]\n" + lines + kGroups);
}
Strings errors_with(const std::string& lines) {
  return errors_of("[superd.signals]\n" + lines + kGroups);
}

}  // namespace

TEST_CASE("superd.signals: a signal stands for a command line of superctl", "[config]") {
  const auto orders = with(R"(USR1 = "restart web"
"RTMIN+1" = "restart --now api web.2"
HUP = "signal TERM --all 'w*'"
SIGWINCH = "stop all"
USR2 = "hold web"
RTMAX = "apply"
"RTMAX-1" = "shutdown"
"RTMAX-2" = "superctl reload web.2"
)")
                          .daemon.signals;
  REQUIRE(orders.size() == 8);
  CHECK(orders[0].number == SIGUSR1);
  CHECK(orders[0].verb == Verb::restart);
  CHECK(orders[0].names == Strings{"web"});
  CHECK_FALSE(orders[0].now);
  CHECK(orders[0].line == "restart web");
  CHECK(orders[1].number == SIGRTMIN + 1);
  CHECK(orders[1].now);
  CHECK(orders[1].names == Strings{"api", "web.2"});
  CHECK(orders[2].verb == Verb::signal);
  CHECK(orders[2].signal == SIGTERM);
  CHECK(orders[2].whole_tree);
  CHECK(orders[2].names == Strings{"w*"});
  CHECK(orders[3].number == SIGWINCH);
  CHECK(orders[3].verb == Verb::stop);
  CHECK(orders[4].verb == Verb::hold);
  CHECK(orders[5].verb == Verb::apply);
  CHECK(orders[6].verb == Verb::shutdown);
  CHECK(orders[7].verb == Verb::reload);
  CHECK(orders[7].names == Strings{"web.2"});
  CHECK(with("").daemon.signals.empty());
}

TEST_CASE("superd.signals: a signal that superd needs itself is an error", "[config]") {
  CHECK(errors_with("TERM = 'stop web'\n") ==
        Strings{"2:1: superd.signals: TERM always ends superd: HUP, USR1, USR2, WINCH and RTMIN to "
                "RTMAX can be given a meaning"});
  CHECK(errors_with("INT = 'stop web'\n").size() == 1);
  CHECK(errors_with("KILL = 'stop web'\n") ==
        Strings{"2:1: superd.signals: KILL has a meaning of its own: HUP, USR1, USR2, WINCH and "
                "RTMIN to RTMAX can be given a meaning"});
  CHECK(errors_with("STOP = 'stop web'\n").size() == 1);
  CHECK(errors_with("CHLD = 'stop web'\n").size() == 1);
  CHECK(errors_with("USR3 = 'stop web'\n") ==
        Strings{R"(2:1: unknown signal "USR3", did you mean "USR1"?)"});
  CHECK(errors_with("USR1 = 'stop web'\nSIGUSR1 = 'stop api'\n") ==
        Strings{"3:1: superd.signals: USR1 is given twice"});
}

TEST_CASE("superd.signals: what is no command is told when the config is checked", "[config]") {
  const std::string at = "2:8: superd.signals.USR1: ";
  CHECK(errors_with("USR1 = 'restrat web'\n") ==
        Strings{at + R"("restrat" is no command that a signal can give, did you mean "restart"?)"});
  CHECK(
      errors_with("USR1 = 'status'\n")
          .front()
          .starts_with(
              at +
              R"("status" is no command that a signal can give: there are start, stop, restart)"));
  CHECK(errors_with("USR1 = 'restart'\n") == Strings{at + R"(name a group: "restart NAME")"});
  CHECK(errors_with("USR1 = 'apply web'\n") ==
        Strings{at + "apply is for all that superd runs, and takes no name"});
  CHECK(errors_with("USR1 = 'stop --now web'\n") ==
        Strings{at + R"(the option "--now" has no meaning here)"});
  CHECK(errors_with("USR1 = 'signal TREM web'\n") ==
        Strings{at + R"(unknown signal "TREM", did you mean "TERM"?)"});
  CHECK(errors_with("USR1 = 'restart \"web'\n").size() == 1);
  CHECK(errors_with("USR1 = 5\n").size() == 1);
}

TEST_CASE("superd.signals: a name that no group has is an error, a glob is looked up when it comes",
          "[config]") {
  const std::string at = "2:8: superd.signals.USR1: ";
  CHECK(errors_with("USR1 = 'restart wep'\n") ==
        Strings{at + R"(there is no group "wep", did you mean "web"?)"});
  CHECK(errors_with("USR1 = 'restart web.3'\n") ==
        Strings{at + "there is no worker web.3: web has 2"});
  CHECK(errors_with("USR1 = 'hold web.2'\n") ==
        Strings{at + "web.2 is a worker: name the whole group"});
  CHECK(errors_with("USR1 = 'restart self'\n") ==
        Strings{at + "self is for workers: name a group"});
  CHECK(errors_with("USR1 = 'restart worker-*'\n").empty());
  // Where a file could not be read nobody knows which groups there are.
  CHECK(errors_of("include = ['none.toml']\n[superd.signals]\nUSR1 = 'restart wep'\n").size() == 1);
}

TEST_CASE("superd.signals: a reload of a group that has no signal for it is warned of",
          "[config]") {
  const auto warned = [](const std::string& keys) {
    return warned_of("[superd.signals]\nUSR1 = 'reload web'\n" + std::string(kGroups) + keys);
  };
  CHECK(warned("") == Strings{"2:8: superd.signals.USR1: superd knows no signal at which web "
                              "reloads: give the group a reload_signal, or write \"restart web\""});
  CHECK(warned("[group.x]\ncommand = ['x']\nreload_signal = 'HUP'\n").size() == 1);
  CHECK(warned_of("[superd.signals]\nUSR1 = 'reload web'\nUSR2 = 'reload all'\n[group.web]\n"
                  "command = ['x']\nreload_signal = 'HUP'\n")
            .empty());
}
