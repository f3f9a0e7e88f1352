#pragma once

#include <csignal>

#include "base/unique_fd.h"

namespace superd::client {

// While it lives an interrupt from the keyboard (SIGINT) does not end the process but makes fd()
// readable. Where the signal is ignored from the start it stays ignored. The mask of the thread is
// as before afterwards. One may live inside another: the outer one then sees the interrupt, too.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // -1 where the signal is ignored.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

}  // namespace superd::client
