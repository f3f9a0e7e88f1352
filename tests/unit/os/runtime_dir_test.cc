#include "os/runtime_dir.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/read_file.h"
#include "os/runtime_guard.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("runtime directory: it is made with its parents, whatever the umask", "[os]") {
  const TempDir dir;
  const mode_t before = ::umask(0777);
  const Result<UniqueFd> made = open_runtime_dir(dir.path("a/b/superd/"));
  ::umask(before);
  REQUIRE(made);
  CHECK(mode_of(dir.path("a/b/superd")) == (is_root() ? 0755U : 0700U));
  CHECK(::fcntl(made->get(), F_GETFD) == FD_CLOEXEC);
  CHECK(open_runtime_dir(dir.path("a/b/superd")));
}

TEST_CASE("runtime directory: a link or a file in its place is refused", "[os]") {
  const TempDir dir;
  REQUIRE(::mkdir(dir.path("real").c_str(), 0700) == 0);
  REQUIRE(::symlink("real", dir.path("link").c_str()) == 0);
  CHECK(open_runtime_dir(dir.path("link")).error().code == ENOTDIR);
  REQUIRE(::symlink("nowhere", dir.path("dangling").c_str()) == 0);
  CHECK_FALSE(open_runtime_dir(dir.path("dangling")));
}

TEST_CASE("runtime directory: one that others may write in is refused with the remedy", "[os]") {
  const TempDir dir;
  REQUIRE(::mkdir(dir.path("run").c_str(), 0700) == 0);
  REQUIRE(::chmod(dir.path("run").c_str(), 0777) == 0);
  CHECK(open_runtime_dir(dir.path("run")).error().message ==
        fmt::format("{0} may be written by others: chmod go-w {0}", dir.path("run")));
}

TEST_CASE("runtime directory: one in a directory where others could exchange it is refused",
          "[os]") {
  const TempDir dir;
  REQUIRE(::mkdir(dir.path("open").c_str(), 0700) == 0);
  REQUIRE(::chmod(dir.path("open").c_str(), 0777) == 0);
  CHECK(open_runtime_dir(dir.path("open/run")).error().code == EPERM);
  REQUIRE(::chmod(dir.path("open").c_str(), 01777) == 0);
  CHECK(open_runtime_dir(dir.path("open/run")));
}

TEST_CASE("runtime directory: another user's is refused", "[os]") {
  if (!is_root()) return skip("needs root");
  const TempDir dir;
  REQUIRE(::mkdir(dir.path("run").c_str(), 0700) == 0);
  REQUIRE(::chown(dir.path("run").c_str(), kOrdinaryUid, kOrdinaryUid) == 0);
  CHECK(open_runtime_dir(dir.path("run")).error().message ==
        fmt::format("{} belongs to uid {}, not to superd's uid 0: remove it or choose another "
                    "runtime_dir",
                    dir.path("run"), kOrdinaryUid));
}

TEST_CASE("runtime directory: an ordinary user's in a shared place must be closed to others",
          "[os]") {
  const std::string wrong = as_ordinary_user([]() -> std::string {
    const TempDir dir;
    ::mkdir(dir.path("shared").c_str(), 0700);
    ::chmod(dir.path("shared").c_str(), 01777);
    const std::string path = dir.path("shared/superd");
    if (!open_runtime_dir(path)) return "a fresh one is refused";
    ::chmod(path.c_str(), 0755);
    const Result<UniqueFd> refused = open_runtime_dir(path);
    if (refused) return "an open one is taken";
    const std::string expected = fmt::format("{0} is open to others: chmod 0700 {0}", path);
    return refused.error().message == expected ? "" : refused.error().message;
  });
  CHECK(wrong == "");
}

TEST_CASE("runtime directory: only one superd holds its lock, and its children keep it", "[os]") {
  const TempDir dir;
  Result<UniqueFd> first = open_runtime_dir(dir.path("run"));
  REQUIRE(first);
  REQUIRE(lock_runtime_dir(first->get(), dir.path("run")));
  const Result<UniqueFd> second = open_runtime_dir(dir.path("run"));
  REQUIRE(second);
  CHECK(lock_runtime_dir(second->get(), dir.path("run")).error().code == EWOULDBLOCK);
  const UniqueFd inherited(::fcntl(first->get(), F_DUPFD_CLOEXEC, 0));
  first->reset();
  CHECK_FALSE(lock_runtime_dir(second->get(), dir.path("run")));
}

TEST_CASE("runtime directory: whoever was started on its path is seen though it was moved",
          "[os]") {
  const TempDir dir;
  const Result<std::string> own = read_file("/proc/self/comm");
  REQUIRE(own);
  const std::string comm = own->substr(0, own->size() - 1);
  const Result<UniqueFd> first = open_runtime_dir(dir.path("run"));
  REQUIRE(first);
  CHECK(guard_of_runtime_dir(first->get(), comm) == 0);
  Result<UniqueFd> guard = guard_runtime_dir(first->get());
  REQUIRE(guard);
  std::filesystem::rename(dir.path("run"), dir.path("moved"));
  const Result<UniqueFd> second = open_runtime_dir(dir.path("run"));
  const Result<UniqueFd> elsewhere = open_runtime_dir(dir.path("other"));
  REQUIRE(second);
  REQUIRE(elsewhere);
  CHECK(guard_of_runtime_dir(second->get(), comm) == ::getpid());
  CHECK(guard_of_runtime_dir(second->get(), "another") == 0);
  CHECK(guard_runtime_dir(second->get()).error().code == EADDRINUSE);
  CHECK(guard_of_runtime_dir(elsewhere->get(), comm) == 0);
  guard->reset();
  CHECK(guard_of_runtime_dir(second->get(), comm) == 0);
}
