#include "keeper/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/keeper_link.h"
#include "keeper/signals.h"

namespace superd::keeper {
namespace {

[[noreturn]] void run_child(int program_fd, int link_fd, char* const* argv, pid_t killed_with) {
  ::setsid();
  if (killed_with > 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may be gone already.
    if (::getppid() != killed_with) ::_exit(126);
  }
  clear_signal_state();
  // The end may already be there: then only its close-on-exec has to go.
  const bool placed = link_fd == kLinkFd ? ::fcntl(link_fd, F_SETFD, 0) == 0
                                         : ::dup3(link_fd, kLinkFd, 0) == kLinkFd;
  if (placed) ::execveat(program_fd, "", argv, environ, AT_EMPTY_PATH);
  const char message[] = "superd: a process of superd cannot be executed: ";
  const char* reason = ::strerrordesc_np(errno);
  static_cast<void>(!::write(STDERR_FILENO, message, sizeof(message) - 1));
  if (reason != nullptr) static_cast<void>(!::write(STDERR_FILENO, reason, std::strlen(reason)));
  static_cast<void>(!::write(STDERR_FILENO, "\n", 1));
  ::_exit(126);
}

}  // namespace

Result<pid_t> run_program(int program_fd, const std::vector<std::string>& argv, int fd,
                          KeeperDies keeper_dies) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  // If the program lies at kLinkFd, the child's end would take its place.
  UniqueFd program(::fcntl(program_fd, F_DUPFD_CLOEXEC, kLinkFd + 1));
  if (!program) return fail_errno("duplicate superd's program", errno);
  const pid_t killed_with = keeper_dies == KeeperDies::killed ? ::getpid() : 0;
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("start " + argv.front(), errno);
  if (pid == 0) run_child(program.get(), fd, arguments.data(), killed_with);
  return pid;
}

Result<StartedChild> start_child(int program_fd, const std::vector<std::string>& argv,
                                 KeeperDies keeper_dies) {
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    return fail_errno("make the pair for " + argv.front(), errno);
  }
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  const Result<pid_t> pid = run_program(program_fd, argv, theirs.get(), keeper_dies);
  if (!pid) return tl::unexpected(pid.error());
  return StartedChild{.pid = *pid, .link = std::move(ours)};
}

}  // namespace superd::keeper
