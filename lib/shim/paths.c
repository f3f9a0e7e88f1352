// What a program does to the path of a unix socket. superd made it, with the owner and mode that
// the config says, and clients connect to it at every moment: nothing is done, successfully.

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "held.h"
#include "next.h"

REPLACES int unlink(const char* path) {
  NEXT(unlink, int, const char*);
  return is_held_path(AT_FDCWD, path) ? 0 : next(path);
}

REPLACES int unlinkat(int directory, const char* path, int flags) {
  NEXT(unlinkat, int, int, const char*, int);
  return is_held_path(directory, path) ? 0 : next(directory, path, flags);
}

REPLACES int remove(const char* path) {
  NEXT(remove, int, const char*);
  return is_held_path(AT_FDCWD, path) ? 0 : next(path);
}

REPLACES int chmod(const char* path, mode_t mode) {
  NEXT(chmod, int, const char*, mode_t);
  return is_held_path(AT_FDCWD, path) ? 0 : next(path, mode);
}

REPLACES int fchmodat(int directory, const char* path, mode_t mode, int flags) {
  NEXT(fchmodat, int, int, const char*, mode_t, int);
  return is_held_path(directory, path) ? 0 : next(directory, path, mode, flags);
}

REPLACES int chown(const char* path, uid_t user, gid_t group) {
  NEXT(chown, int, const char*, uid_t, gid_t);
  return is_held_path(AT_FDCWD, path) ? 0 : next(path, user, group);
}

REPLACES int lchown(const char* path, uid_t user, gid_t group) {
  NEXT(lchown, int, const char*, uid_t, gid_t);
  return is_held_path(AT_FDCWD, path) ? 0 : next(path, user, group);
}

REPLACES int fchownat(int directory, const char* path, uid_t user, gid_t group, int flags) {
  NEXT(fchownat, int, int, const char*, uid_t, gid_t, int);
  return is_held_path(directory, path) ? 0 : next(directory, path, user, group, flags);
}
