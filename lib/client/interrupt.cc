#include "client/interrupt.h"

#include <sys/signalfd.h>

namespace superd::client {

Interrupt::Interrupt() {
  struct sigaction now {};
  ::sigaction(SIGINT, nullptr, &now);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  // A blocked signal reaches a signalfd even where it is ignored, so that has to be asked.
  if (now.sa_handler != SIG_IGN) sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, &before_);
  if (now.sa_handler != SIG_IGN) fd_.reset(::signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupt::~Interrupt() {
  // The interrupt that was noticed is taken, so that it does not end the process now; one inside
  // another leaves it to the outer one.
  signalfd_siginfo taken{};
  while (fd_ && sigismember(&before_, SIGINT) == 0) {
    if (::read(fd_.get(), &taken, sizeof taken) != sizeof taken) break;
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace superd::client
