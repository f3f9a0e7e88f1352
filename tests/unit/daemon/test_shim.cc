#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "daemon/recipe.h"
#include "daemon/shim.h"

using namespace superd;
using namespace superd::daemon;
using Strings = std::vector<std::string>;

namespace {

std::vector<core::ListenSpec> sockets(const std::vector<int>& backlogs) {
  std::vector<core::ListenSpec> listen;
  for (const int backlog : backlogs) listen.emplace_back().backlog = backlog;
  return listen;
}

}  // namespace

TEST_CASE("socket_shim: a worker gets the library, and the descriptors with their backlogs",
          "[shim]") {
  Strings environment{"A=1"};
  add_shim_variables("/usr/lib/superd/shim.so", sockets({4096, 128}), {}, environment);
  CHECK(environment ==
        Strings{"A=1", "LD_PRELOAD=/usr/lib/superd/shim.so", "SUPERD_SHIM=3:4096 4:128"});
}

TEST_CASE("socket_shim: in a rehearsal each socket stands for the group's own", "[shim]") {
  os::SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(8000);
  v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.size = sizeof *v4;
  Strings environment;
  add_shim_variables("/s.so", sockets({4096, 128}), {address}, environment);
  CHECK(environment.back() == "SUPERD_SHIM=3:4096@02001F407F0000010000000000000000 4:128");
}

TEST_CASE("socket_shim: what a group preloads itself comes first", "[shim]") {
  Strings environment{"LD_PRELOAD=/a.so /b.so"};
  add_shim_variables("/s.so", sockets({4096}), {}, environment);
  CHECK(environment.front() == "LD_PRELOAD=/a.so /b.so:/s.so");
  environment = {"LD_PRELOAD="};
  add_shim_variables("/s.so", sockets({4096}), {}, environment);
  CHECK(environment.front() == "LD_PRELOAD=/s.so");
}

TEST_CASE("socket_shim: a program that nothing can be preloaded into is refused with the remedy",
          "[shim]") {
  std::string directory = (std::filesystem::temp_directory_path() / "superd-shim-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string program = directory + "/server";
  std::filesystem::copy_file("/proc/self/exe", program);
  core::GroupSpec spec;
  spec.name = "web";
  spec.command = {"server"};
  spec.directory = directory;
  spec.env = {{.name = "PATH", .value = directory}};
  spec.socket_shim = true;
  CHECK(make_recipe(spec, 1));
  CHECK(fingerprint(*make_recipe(spec, 1)) != [&] {
    core::GroupSpec other = spec;
    other.socket_shim = false;
    return fingerprint(*make_recipe(other, 1));
  }());
  std::filesystem::permissions(program, std::filesystem::perms::set_uid,
                               std::filesystem::perm_options::add);
  const Result<Recipe> refused = make_recipe(spec, 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "socket_shim: " + program +
            " is set-user-ID, and nothing can be preloaded into it: let it take the socket by its "
            "descriptor ({fd:NAME}, LISTEN_FDS)");
  // One that is missing is told by its start.
  spec.command = {"nothing"};
  CHECK(make_recipe(spec, 1));
  std::filesystem::remove_all(directory);
}
