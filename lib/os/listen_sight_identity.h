#pragma once

#include "base/unique_fd.h"
#include "os/listen_sight_text.h"

namespace superd::os {

// While it lives, this thread (and no other) looks at files and processes as that user and group;
// its real and effective ids stay. For a superd that is root without CAP_SYS_PTRACE: a worker
// may be looked at by its own user. Without the right to change nothing changes. Restored at the
// end of its life in any case.
class BorrowedIdentity {
 public:
  explicit BorrowedIdentity(PlainIdentity identity);
  ~BorrowedIdentity();
  BorrowedIdentity(const BorrowedIdentity&) = delete;
  BorrowedIdentity& operator=(const BorrowedIdentity&) = delete;

  // Whether the thread has that identity now.
  [[nodiscard]] bool worked() const { return worked_; }

 private:
  int dumpable_ = 0;
  uid_t old_uid_ = 0;
  gid_t old_gid_ = 0;
  bool worked_ = false;
};

}  // namespace superd::os
