#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* kPrivate = "{ name = 'probe', private = true }";

// Keys of a group, from line 3 on.
Strings errors_in_group(const std::string& keys) {
  return errors_of("[group.web]\ncommand = ['x']\n" + keys);
}

}  // namespace

TEST_CASE("private: a socket for each process is of the family of the first other one",
          "[config]") {
  const auto tcp = group_of(
                       "listen = [{ name = 'probe', private = true, backlog = 8 }, "
                       "'[::1]:80', 'unix:/run/a.sock', { name = 'own', private = true }]")
                       .listen;
  REQUIRE(tcp.size() == 4);
  CHECK(is_private(tcp[0]));
  CHECK(tcp[0].name == "probe");
  CHECK(tcp[0].backlog == 8);
  CHECK(tcp[0].family == core::Family::tcp6);
  CHECK(address_text(tcp[0]).empty());
  CHECK_FALSE(is_private(tcp[1]));
  CHECK(is_private(tcp[3]));
  const auto path = group_of(std::string("listen = ['unix:/run/a.sock', ") + kPrivate + "]").listen;
  CHECK(path[1].family == core::Family::unix_path);
  CHECK(path[1].path.empty());
  CHECK_FALSE(
      is_private(group_of("listen = [{ address = ':80', private = false }]").listen.front()));
}

TEST_CASE("private: what such a socket cannot have, or lacks, is an error with the remedy",
          "[config]") {
  const std::string chosen =
      "superd chooses the address of a private socket, another one for each process: leave this "
      "out";
  CHECK(errors_in_group("listen = [':80', { name = 'probe', private = true, address = ':81', "
                        "mode = '0600' }]") == Strings{"3:62: group.web.listen.address: " + chosen,
                                                       "3:76: group.web.listen.mode: " + chosen});
  CHECK(errors_in_group("listen = [':80', { private = true }]") ==
        Strings{"3:18: group.web.listen: a private socket needs a name, for {fd:NAME}: add name = "
                "\"probe\""});
  CHECK(errors_in_group(std::string("listen = [") + kPrivate + "]") ==
        Strings{"3:11: group.web.listen: a private socket is for superd alone, and of the family "
                "of the group's first other socket: add the address that clients use, such as "
                "\"127.0.0.1:8000\""});
  CHECK(errors_in_group(std::string("listen = [':80', ") + kPrivate + ", " + kPrivate + "]") ==
        Strings{"3:54: group.web.listen: two sockets of the group have the name \"probe\" (the "
                "other one is private): give each a name of its own"});
  const auto errors = errors_in_group("listen = [':80', { name = 'probe', private = 'yes' }]");
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().starts_with("3:46: group.web.listen.private: expected"));
}

TEST_CASE("private: {addr:NAME} of such a socket is for the worker's own texts", "[config]") {
  const std::string sockets = std::string("listen = [':80', ") + kPrivate + "]\n";
  const auto group = group_of(
      "command = ['x', '{addr:socket}', '{addr:probe}', '{fd:probe}']\n"
      "env = { PROBE = '{addr:probe}' }\ndirectory = '/srv/{addr:socket}'\n" +
      sockets);
  CHECK(group.command.size() == 4);
  const std::string only =
      "only the command and the environment of a worker can name the address of a private socket, "
      "which differs for each process, in \"{addr:probe}\"";
  CHECK(errors_in_group(sockets + "directory = '{addr:probe}'") ==
        Strings{"4:13: group.web.directory: " + only});
  CHECK(errors_in_group(sockets + "ready = { when = 'exec', command = ['y', '{addr:probe}'] }") ==
        Strings{"4:42: group.web.ready.command: " + only});
  CHECK(errors_in_group(sockets + "env = { A = '{addr:prob}' }") ==
        Strings{R"(4:13: group.web.env.A: {addr:prob} names no socket of the group, did you mean )"
                R"("probe"?, in "{addr:prob}")"});
}

TEST_CASE("private: a runner that cannot serve such a socket is an error with the remedy",
          "[config]") {
  const auto errors = errors_of(std::string("[group.web]\ncommand = ['uvicorn', 'app:app', '--fd', "
                                            "'3']\nlisten = [':80', ") +
                                kPrivate + "]\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors.front().starts_with("3:18: group.web.listen: uvicorn's command takes one --fd"));
  CHECK(
      group_of(std::string("command = ['gunicorn', 'app:app']\nlisten = [':80', ") + kPrivate + "]")
          .listen.size() == 2);
}

TEST_CASE("private: two groups never stand in each other's way", "[config]") {
  const std::string text = std::string("[group.a]\ncommand = ['x']\nlisten = [':80', ") + kPrivate +
                           "]\n[group.b]\ncommand = ['x']\nlisten = [':81', " + kPrivate + "]\n";
  CHECK(errors_of(text).empty());
}
