#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "core/environment.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

TEST_CASE("socket_shim: it is read, and such a group's workers get no LISTEN_FDS", "[config]") {
  const auto group = group_of("listen = [':80']\nsocket_shim = true");
  CHECK(group.socket_shim);
  CHECK_FALSE(core::sets_listen_fds(group));
  CHECK(core::sets_listen_fds(
      group_of("listen = [':80']\nsocket_shim = true\nsocket_env = 'listen_fds'")));
  CHECK_FALSE(group_of("listen = [':80']\nsocket_shim = false").socket_shim);
}

TEST_CASE("socket_shim: without sockets it is an error with the remedy", "[config]") {
  CHECK(errors_of("[group.web]\ncommand = ['x']\nsocket_shim = true") ==
        Strings{R"(3:15: group.web.socket_shim: without sockets there is nothing to hand over: )"
                R"(add listen = ["127.0.0.1:8000"], the address that the program binds)"});
}

TEST_CASE("socket_shim: a library that is not there is an error", "[config]") {
  Machine machine = root_machine();
  machine.shim_library = []() -> Result<std::string> { return fail("no library"); };
  CHECK(errors_of("[group.web]\ncommand = ['x']\nlisten = [':80']\nsocket_shim = true", machine) ==
        Strings{"4:15: group.web.socket_shim: no library"});
}

TEST_CASE("socket_shim: a program that nothing can be preloaded into is an error", "[config]") {
  const ConfigFolder folder;
  const std::string program = folder.path() + "/bin/server";
  std::filesystem::create_directory(folder.path() + "/bin");
  std::filesystem::copy_file("/proc/self/exe", program);
  (void)folder.write("superd.toml",
                     "[group.web]\ncommand = ['server', '{worker}']\nlisten = [':80']\n"
                     "env.PATH = '" +
                         folder.path() + "/bin'\nsocket_shim = true\n");
  CHECK(folder.load().errors.empty());
  std::filesystem::permissions(program, std::filesystem::perms::set_uid,
                               std::filesystem::perm_options::add);
  const auto errors = folder.load().errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].place.line == 5);
  CHECK(errors[0].message == "group.web.socket_shim: " + program +
                                 " is set-user-ID, and nothing can be preloaded into it: let it "
                                 "take the socket by its descriptor ({fd:NAME}, LISTEN_FDS)");
}

TEST_CASE("socket_shim: its variable is superd's own", "[config]") {
  CHECK(errors_of("[group.web]\ncommand = ['x']\nenv.SUPERD_SHIM = '3:1'").size() == 1);
}
