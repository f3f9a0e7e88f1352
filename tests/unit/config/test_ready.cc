#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using core::ReadyWhen;
using Strings = std::vector<std::string>;

namespace {

// Keys of a group, from line 2 on.
Strings errors_in_group(const std::string& keys) { return errors_of("[group.web]\n" + keys); }

}  // namespace

TEST_CASE("ready: every way is read, with what it needs", "[config]") {
  CHECK(group_of("").ready.when == ReadyWhen::automatic);
  CHECK(group_of("ready = { when = 'delay', delay = '3s' }").ready.delay == 3s);
  CHECK(group_of("listen = [':80']\nready.when = 'listening'").ready.when == ReadyWhen::listening);
  CHECK(group_of("ready = { when = 'notify', soak = '5s' }").ready.soak == 5s);
  CHECK(group_of("command = ['x', '--ready={fd:ready}']\nready.when = 'fd'").ready.when ==
        ReadyWhen::fd);
  CHECK(group_of("env.READY_FD = '{fd:ready}'\nready.when = 'fd'").ready.when == ReadyWhen::fd);
  const auto exec =
      group_of("port_base = 9000\nready = { when = 'exec', command = 'nc -z ::1 {port}' }");
  CHECK(exec.ready.when == ReadyWhen::exec);
  CHECK(exec.ready.command == Strings{"nc", "-z", "::1", "{port}"});
  CHECK(group_of("ready = { when = 'exec', command = ['check', '{worker}'] }").ready.command ==
        Strings{"check", "{worker}"});
}

TEST_CASE("ready: a way that does not exist is an error that lists those that do", "[config]") {
  CHECK(errors_in_group("command = ['x']\nready.when = 'listenin'") ==
        Strings{R"(3:14: group.web.ready.when: expected "auto", "notify", "listening", "delay", )"
                R"("exec", "fd", "http" or "log", found "listenin", did you mean "listening"?)"});
}

TEST_CASE("ready: a way without what it needs is an error with the remedy", "[config]") {
  CHECK(errors_in_group("command = ['x']\nready.when = 'listening'") ==
        Strings{R"(3:14: group.web.ready.when: a group without sockets cannot be seen to listen: )"
                R"(add listen = ["127.0.0.1:8000"], or choose another way)"});
  CHECK(errors_in_group("command = ['x']\nready.when = 'exec'") ==
        Strings{R"(3:14: group.web.ready.when: "exec" needs command = ["PROGRAM", "ARGUMENT"], )"
                R"(which exits with 0 once the worker serves)"});
  CHECK(errors_in_group("command = ['x']\nready.when = 'fd'") ==
        Strings{R"(3:14: group.web.ready.when: "fd" needs {fd:ready} in the group's command or )"
                R"(env: the number of the descriptor to which the worker writes a newline)"});
}

TEST_CASE("ready: what belongs to another way is an error where it stands", "[config]") {
  CHECK(errors_in_group("command = ['x']\nready.command = ['true']") ==
        Strings{R"(3:17: group.web.ready.command: the command is run only with when = "exec": )"
                R"(write that, or leave it out)"});
  CHECK(errors_in_group("command = ['x', '{fd:ready}']") ==
        Strings{R"(2:17: group.web.command: {fd:ready} needs ready.when = "fd", in "{fd:ready}")"});
  const std::string remedy = R"(: leave the delay out, or write when = "delay")";
  CHECK(errors_in_group("command = ['x']\nready = { when = 'notify', delay = '1s' }") ==
        Strings{"3:36: group.web.ready.delay: the worker says when it is ready" + remedy});
  CHECK(errors_in_group("command = ['x']\nlisten = [':80']\nready.delay = '1s'") ==
        Strings{"4:15: group.web.ready.delay: superd sees that a group with sockets listens" +
                remedy});
  CHECK(
      errors_in_group("command = ['x']\nready = { when = 'exec', command = 'y', delay = '1s' }") ==
      Strings{"3:49: group.web.ready.delay: the command tells when the worker is ready" + remedy});
}

TEST_CASE("ready: {fd:ready} is the readiness descriptor alone, and only of the worker",
          "[config]") {
  CHECK(group_of("command = ['x', '{fd:ready}']\nlisten = [{ address = ':80', name = 'ready' }]")
            .listen.front()
            .name == "ready");
  CHECK(errors_in_group("command = ['x', '{fd:ready}']\n"
                        "listen = [{ address = ':80', name = 'ready' }]\nready.when = 'fd'") ==
        Strings{"3:11: group.web.listen: with ready.when = \"fd\" {fd:ready} is the descriptor for "
                "readiness: give the socket another name"});
  CHECK(errors_in_group("command = ['x', '{fd:ready}']\nenv_file = '{fd:ready}'\n"
                        "ready.when = 'fd'") ==
        Strings{R"(3:12: group.web.env_file: {fd:ready} names a socket, but the group has no )"
                R"(`listen`, in "{fd:ready}")"});
  CHECK(errors_in_group("command = ['x']\nlisten = [':80']\n"
                        "ready = { when = 'exec', command = ['y', '{fd:socket}'] }") ==
        Strings{R"(4:42: group.web.ready.command: {fd:NAME} cannot be used here: only a worker )"
                R"(itself gets the sockets, in "{fd:socket}")"});
}

TEST_CASE("ready: nothing is missing in a file that nobody could read to its end", "[config]") {
  const auto errors = errors_of("[group.web]\nready.when = 'exec'\ncommand = [\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().find("ready") == std::string::npos);
}
