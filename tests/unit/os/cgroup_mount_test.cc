#include "os/cgroup_mount.h"

#include <catch2/catch.hpp>

using namespace superd::os;

TEST_CASE("cgroup: the v2 mount is found where hybrid machines have it", "[os]") {
  const auto mount = find_cgroup2_mount(
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw shared:4 master:1 - cgroup2 cgroup2 rw\n");
  REQUIRE(mount);
  CHECK(mount->path == "/sys/fs/cgroup/uni fied");
  CHECK(mount->root == "/");
}

TEST_CASE("cgroup: of several v2 mounts the one of the whole hierarchy is taken", "[os]") {
  const auto mount = find_cgroup2_mount(
      "41 31 0:38 /docker/abc /mnt/part rw - cgroup2 cgroup2 rw\n"
      "42 31 0:38 / /mnt/whole rw - cgroup2 cgroup2 rw\n");
  REQUIRE(mount);
  CHECK(mount->path == "/mnt/whole");
}

TEST_CASE("cgroup: lines that are no mounts are passed over", "[os]") {
  CHECK_FALSE(find_cgroup2_mount(""));
  CHECK_FALSE(find_cgroup2_mount("- cgroup2\n\n1 2 3 / /x rw -\n41 31 0:38 / /x rw - tmpfs c rw"));
}

TEST_CASE("cgroup: the v2 line of a process is the one that begins with 0::", "[os]") {
  CHECK(cgroup2_of("4:memory:/x\n0::/system.slice/superd.service\n") ==
        "/system.slice/superd.service");
  CHECK(cgroup2_of("0::/gone (deleted)\n") == "/gone");
  CHECK_FALSE(cgroup2_of("4:memory:/x\n"));
}

TEST_CASE("cgroup: a login session's scope is recognised", "[os]") {
  CHECK(is_in_login_session("/user.slice/user-1000.slice/session-3.scope"));
  CHECK_FALSE(is_in_login_session("/user.slice/user-1000.slice/user@1000.service/app.slice"));
  CHECK_FALSE(is_in_login_session("/system.slice/session-x"));
}
