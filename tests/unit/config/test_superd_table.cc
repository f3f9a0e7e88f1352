#include <string>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;

TEST_CASE("a config without any group is valid", "[config]") {
  const auto spec = spec_of("");
  CHECK(spec.groups.empty());
  CHECK(spec.daemon.runtime_dir == "/run/superd");
  CHECK(spec.daemon.control == "/run/superd/control.sock");
  CHECK(spec.daemon.worker_socket == "/run/superd/worker.sock");
  CHECK(spec.daemon.control_mode == 0600U);
  CHECK(spec.daemon.max_starting == 0);
  CHECK(spec.daemon.log_dir == "/var/log/superd");
  CHECK(spec.daemon.log_level == core::LogLevel::info);
}

TEST_CASE("every key of [superd] is read", "[config]") {
  const auto daemon = spec_of(R"(
[superd]
control = "/run/x/c.sock"
control_mode = "0660"
control_owner = "deploy:ops"
worker_socket = "/run/x/w.sock"
runtime_dir = "/run/x"
max_starting = 8
log_dir = "/var/log/x"
log_level = "debug"
log_format = "json"
)")
                          .daemon;
  CHECK(daemon.control == "/run/x/c.sock");
  CHECK(daemon.control_mode == 0660U);
  CHECK(daemon.control_owner == "deploy:ops");
  CHECK(daemon.worker_socket == "/run/x/w.sock");
  CHECK(daemon.runtime_dir == "/run/x");
  CHECK(daemon.max_starting == 8);
  CHECK(daemon.log_dir == "/var/log/x");
  CHECK(daemon.log_level == core::LogLevel::debug);
  CHECK(daemon.log_format == core::DaemonLogFormat::json);
}

TEST_CASE("the sockets follow runtime_dir unless they are placed", "[config]") {
  const auto daemon = spec_of("[superd]\nruntime_dir = \"/run/y\"\n").daemon;
  CHECK(daemon.control == "/run/y/control.sock");
  CHECK(daemon.worker_socket == "/run/y/worker.sock");
  CHECK_FALSE(spec_of("superd.worker_socket = false").daemon.worker_socket);
}

TEST_CASE("paths of [superd] are relative to the file", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", "[superd]\nruntime_dir = \"run\"\nlog_dir = \"./log\"\n");
  const auto loaded = folder.load();
  REQUIRE(loaded.errors.empty());
  CHECK(loaded.spec.daemon.runtime_dir == folder.path() + "/run");
  CHECK(loaded.spec.daemon.control == folder.path() + "/run/control.sock");
  CHECK(loaded.spec.daemon.log_dir == folder.path() + "/log");
}

TEST_CASE("the control socket is found also where the config has errors", "[config]") {
  const ConfigFolder folder;
  folder.write("superd.toml", R"([group.web]
command = ["x"
workers = 0
[superd]
control = "/run/z/c.sock"
)");
  const auto loaded = folder.load();
  CHECK_FALSE(loaded.errors.empty());
  CHECK(loaded.spec.daemon.control == "/run/z/c.sock");
}
