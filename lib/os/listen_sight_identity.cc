#include "os/listen_sight_identity.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace superd::os {
namespace {

// Raw calls: they concern this thread alone. They never fail; an impossible id changes nothing and
// tells what is set.
uid_t set_fs_uid(uid_t uid) { return static_cast<uid_t>(::syscall(SYS_setfsuid, uid)); }
gid_t set_fs_gid(gid_t gid) { return static_cast<gid_t>(::syscall(SYS_setfsgid, gid)); }
constexpr uid_t kAskUid = static_cast<uid_t>(-1);
constexpr gid_t kAskGid = static_cast<gid_t>(-1);

}  // namespace

BorrowedIdentity::BorrowedIdentity(PlainIdentity identity) : dumpable_(::prctl(PR_GET_DUMPABLE)) {
  // The group first: without CAP_SETGID's effect on the new uid it could not follow.
  old_gid_ = set_fs_gid(identity.gid);
  old_uid_ = set_fs_uid(identity.uid);
  worked_ = set_fs_uid(kAskUid) == identity.uid && set_fs_gid(kAskGid) == identity.gid;
}

BorrowedIdentity::~BorrowedIdentity() {
  set_fs_uid(old_uid_);
  set_fs_gid(old_gid_);
  // The kernel takes a process whose identity changed for a secretive one; superd is none.
  if (dumpable_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace superd::os
