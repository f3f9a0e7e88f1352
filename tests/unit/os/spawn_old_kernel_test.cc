#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <set>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "os/spawn.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

// From here on clone3 and close_range are missing, as on an old kernel or under the seccomp filter
// of a container.
bool forbid_new_system_calls() {
  std::array<sock_filter, 5> program = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 2, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 1, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

TEST_CASE("spawn: without clone3 and close_range a process starts just the same", "[os]") {
  const std::string wrong = in_child([]() -> std::string {
    if (!forbid_new_system_calls()) return "";
    // Whose handler would run in the child if it were not held back.
    static_cast<void>(std::signal(SIGTERM, [](int) {}));
    const UniqueFd leak(::open("/dev/null", O_RDONLY));
    const UniqueFd far_leak(::fcntl(leak.get(), F_DUPFD, 200));
    const Sleeper sleeper;
    std::set<int> numbers;
    for (const auto& [number, target] : sleeper.descriptors()) numbers.insert(number);
    if (numbers != std::set<int>{0, 1, 2}) return "other descriptors are open";
    if (sleeper.status("SigCgt") != "0000000000000000") return "a handler is left";
    return sleeper.status("SigBlk") == "0000000000000000" ? "" : "signals are blocked";
  });
  CHECK(wrong == "");
}
