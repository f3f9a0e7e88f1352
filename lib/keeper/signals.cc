#include "keeper/signals.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

namespace superd::keeper {

namespace {

void restore_dispositions() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  // KILL, STOP and libc's own two are refused: nothing to do about those.
  for (int number = 1; number <= SIGRTMAX; ++number) ::sigaction(number, &standard, nullptr);
}

}  // namespace

void clear_signal_state() {
  restore_dispositions();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<UniqueFd> take_signals() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}) {
    ::sigaddset(&taken, number);
  }
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::sigaddset(&taken, number);
  // What is pending since an exec, before which it was blocked, stays pending.
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
  restore_dispositions();
  if (::sigprocmask(SIG_SETMASK, &taken, nullptr) != 0) return fail_errno("block signals", errno);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  UniqueFd fd(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno("open a signalfd", errno);
  return fd;
}

std::vector<ArrivedSignal> read_signals(int signal_fd) {
  std::vector<ArrivedSignal> signals;
  std::array<signalfd_siginfo, 16> infos{};
  for (;;) {
    const ssize_t size = ::read(signal_fd, infos.data(), sizeof(infos));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return signals;
    const std::size_t count = static_cast<std::size_t>(size) / sizeof(signalfd_siginfo);
    for (std::size_t i = 0; i < count; ++i) {
      signals.push_back({.number = static_cast<int>(infos[i].ssi_signo),
                         .sender = static_cast<pid_t>(infos[i].ssi_pid),
                         .sender_uid = infos[i].ssi_uid});
    }
  }
}

}  // namespace superd::keeper
