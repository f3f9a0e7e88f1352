// Preloaded into superd's keeper, supervisor and logger (not into workers): the n-th kernel call
// fails as the kernel might let it fail. What is called is decided by the test (faults.h), in the
// file that FAULTS_FILE names.
//
// Seen are the calls through libc's functions, syscall() among them, which superd uses for clone3,
// pidfds and everything between clone and exec. Not seen: what libc calls inside of its own
// functions (getaddrinfo, getpwnam), memory, clocks, close, and what merely asks (getpid …).
#define _GNU_SOURCE
#include "faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static struct Faults* faults;
static long (*real_syscall)(long, ...);

__attribute__((constructor)) static void begin(int argc, char** argv) {
  static const char* const kRoles[] = {"superd: keeper", "superd: supervisor", "superd: logger"};
  real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  const char* file = getenv("FAULTS_FILE");
  for (int role = 0; file != NULL && argc > 0 && role < FAULTS_ROLES; ++role) {
    if (strcmp(argv[0], kRoles[role]) != 0) continue;
    const int fd = (int)real_syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    struct Faults* all =
        mmap(NULL, sizeof(struct Faults) * FAULTS_ROLES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (all != MAP_FAILED) faults = all + role;
    if (role == FAULTS_KEEPER) return;
    // What superd starts from here on is none of its own.
    unsetenv("LD_PRELOAD");
    unsetenv("FAULTS_FILE");
  }
}

// Whether this call is the one; errno says how it fails.
static int fails_by(const char* call, const int* errors) {
  if (faults == NULL || __atomic_load_n(&faults->armed, __ATOMIC_SEQ_CST) == 0) return 0;
  const uint64_t number = __atomic_add_fetch(&faults->count, 1, __ATOMIC_SEQ_CST);
  int many = 0;
  int makes_one = 0;
  for (; errors[many] != 0; ++many) makes_one |= errors[many] == EMFILE;
  const int lasting = faults->lasting && makes_one && number >= faults->fail_at;
  if (number != faults->fail_at && !lasting) return 0;
  const int error = lasting ? EMFILE : errors[faults->choice % (unsigned)many];
  size_t length = 0;
  for (; call[length] != '\0' && length + 1 < sizeof faults->call; ++length) {
    faults->call[length] = call[length];
  }
  faults->call[length] = '\0';
  __atomic_store_n(&faults->error, (uint32_t)error, __ATOMIC_SEQ_CST);
  errno = error;
  return 1;
}
#define FAILS(...) fails_by(__func__, (const int[]){__VA_ARGS__, 0})
#define LACK EMFILE, ENOMEM, ENFILE

// A function that is nothing but a system call.
#define PLAIN(type, name, number, parameters, arguments, ...) \
  type name parameters {                                      \
    if (FAILS(__VA_ARGS__)) return -1;                        \
    return (type)real_syscall arguments;                      \
  }
#define ARGS(...) (__VA_ARGS__)

static int is_file(int fd) {
  struct stat status;
  return real_syscall(SYS_fstat, fd, &status) == 0 && S_ISREG(status.st_mode);
}

// Full, it is one that wakes its reader already: libuv takes EAGAIN for that, and would never wake
// its loop again.
static int is_eventfd(int fd) {
  static const char kEventfd[] = "anon_inode:[eventfd]";
  char name[32];
  char target[sizeof kEventfd];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const long length = real_syscall(SYS_readlinkat, AT_FDCWD, name, target, sizeof kEventfd - 1);
  return length == sizeof kEventfd - 1 && memcmp(target, kEventfd, sizeof kEventfd - 1) == 0;
}

// Whether a write to it is the one that fails.
static int fails_to_write(int fd, const char* call) {
  // superd's own log is no part of what it does.
  if (fd == STDERR_FILENO) return 0;
  if (is_file(fd)) return fails_by(call, (const int[]){ENOSPC, EIO, EINTR, 0});
  if (is_eventfd(fd)) return fails_by(call, (const int[]){EINTR, 0});
  return fails_by(call, (const int[]){EINTR, EAGAIN, 0});
}

static int open_at(int directory, const char* path, int flags, mode_t mode) {
  return (int)real_syscall(SYS_openat, directory, path, flags, mode);
}
#define OPEN(name, directory, ...)                                                  \
  int name(__VA_ARGS__ const char* path, int flags, ...) {                          \
    mode_t mode = 0;                                                                \
    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {                                   \
      va_list rest;                                                                 \
      va_start(rest, flags);                                                        \
      mode = va_arg(rest, mode_t);                                                  \
      va_end(rest);                                                                 \
    }                                                                               \
    if ((flags & O_CREAT) != 0 ? FAILS(ENOSPC, LACK) : FAILS(LACK, EIO)) return -1; \
    return open_at(directory, path, flags, mode);                                   \
  }
#define COMMA ,
OPEN(open, AT_FDCWD, )
OPEN(open64, AT_FDCWD, )
OPEN(openat, where, int where COMMA)
OPEN(openat64, where, int where COMMA)

PLAIN(ssize_t, read, , (int fd, void* to, size_t size), ARGS(SYS_read, fd, to, size), EINTR, EIO)
PLAIN(ssize_t, pread, , (int fd, void* to, size_t size, off_t at),
      ARGS(SYS_pread64, fd, to, size, at), EIO, ENOMEM)
PLAIN(ssize_t, pread64, , (int fd, void* to, size_t size, off_t at),
      ARGS(SYS_pread64, fd, to, size, at), EIO, ENOMEM)

ssize_t write(int fd, const void* from, size_t size) {
  if (fails_to_write(fd, __func__)) return -1;
  return real_syscall(SYS_write, fd, from, size);
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (fails_to_write(fd, __func__)) return -1;
  return real_syscall(SYS_writev, fd, parts, count);
}

PLAIN(int, socket, , (int family, int type, int protocol), ARGS(SYS_socket, family, type, protocol),
      LACK, ENOBUFS)
PLAIN(int, socketpair, , (int family, int type, int protocol, int pair[2]),
      ARGS(SYS_socketpair, family, type, protocol, pair), LACK)
PLAIN(int, bind, , (int fd, const struct sockaddr* address, socklen_t size),
      ARGS(SYS_bind, fd, address, size), ENOSPC, ENOMEM, EIO)
PLAIN(int, listen, , (int fd, int backlog), ARGS(SYS_listen, fd, backlog), ENOBUFS, ENOMEM)
PLAIN(int, accept4, , (int fd, struct sockaddr* address, socklen_t* size, int flags),
      ARGS(SYS_accept4, fd, address, size, flags), LACK, ECONNABORTED)
PLAIN(int, connect, , (int fd, const struct sockaddr* address, socklen_t size),
      ARGS(SYS_connect, fd, address, size), EAGAIN, ENOMEM)
PLAIN(int, getsockopt, , (int fd, int level, int name, void* value, socklen_t* size),
      ARGS(SYS_getsockopt, fd, level, name, value, size), ENOMEM, EMFILE)
PLAIN(int, setsockopt, , (int fd, int level, int name, const void* value, socklen_t size),
      ARGS(SYS_setsockopt, fd, level, name, value, size), ENOMEM, ENOBUFS)
PLAIN(ssize_t, sendmsg, , (int fd, const struct msghdr* message, int flags),
      ARGS(SYS_sendmsg, fd, message, flags), EAGAIN, ENOBUFS, ENOMEM, EINTR)
PLAIN(ssize_t, recvmsg, , (int fd, struct msghdr* message, int flags),
      ARGS(SYS_recvmsg, fd, message, flags), EINTR, EAGAIN, ENOMEM)
PLAIN(ssize_t, send, , (int fd, const void* from, size_t size, int flags),
      ARGS(SYS_sendto, fd, from, size, flags, NULL, 0), EAGAIN, ENOBUFS, EINTR)
PLAIN(ssize_t, recv, , (int fd, void* to, size_t size, int flags),
      ARGS(SYS_recvfrom, fd, to, size, flags, NULL, NULL), EINTR, EAGAIN, ENOMEM)
PLAIN(int, pipe2, , (int ends[2], int flags), ARGS(SYS_pipe2, ends, flags), LACK)
PLAIN(int, dup3, , (int from, int to, int flags), ARGS(SYS_dup3, from, to, flags), EMFILE, EBUSY)

static int control(int fd, int what, void* argument, const char* call) {
  const int duplicates = what == F_DUPFD_CLOEXEC || what == F_DUPFD;
  if (duplicates && fails_by(call, (const int[]){EMFILE, 0})) return -1;
  if (what == F_SETPIPE_SZ && fails_by(call, (const int[]){EPERM, ENOMEM, 0})) return -1;
  return (int)real_syscall(SYS_fcntl, fd, what, argument);
}
#define CONTROL(name)                             \
  int name(int fd, int what, ...) {               \
    va_list rest;                                 \
    va_start(rest, what);                         \
    void* argument = va_arg(rest, void*);         \
    va_end(rest);                                 \
    return control(fd, what, argument, __func__); \
  }
CONTROL(fcntl)
CONTROL(fcntl64)

PLAIN(int, rename, , (const char* from, const char* to),
      ARGS(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), ENOSPC, EIO, ENOMEM)
PLAIN(int, renameat, , (int a, const char* from, int b, const char* to),
      ARGS(SYS_renameat2, a, from, b, to, 0), ENOSPC, EIO, ENOMEM)
PLAIN(int, unlink, , (const char* path), ARGS(SYS_unlinkat, AT_FDCWD, path, 0), EIO, ENOMEM)
PLAIN(int, unlinkat, , (int where, const char* path, int flags),
      ARGS(SYS_unlinkat, where, path, flags), EBUSY, EIO, ENOMEM)
PLAIN(int, rmdir, , (const char* path), ARGS(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR), EBUSY,
      EIO)
PLAIN(int, mkdir, , (const char* path, mode_t mode), ARGS(SYS_mkdirat, AT_FDCWD, path, mode),
      ENOSPC, ENOMEM)
PLAIN(int, mkdirat, , (int where, const char* path, mode_t mode),
      ARGS(SYS_mkdirat, where, path, mode), ENOSPC, ENOMEM)
PLAIN(int, link, , (const char* from, const char* to),
      ARGS(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0), ENOSPC, EIO)
PLAIN(int, chmod, , (const char* path, mode_t mode), ARGS(SYS_fchmodat, AT_FDCWD, path, mode), EIO,
      ENOMEM)
PLAIN(int, fchmod, , (int fd, mode_t mode), ARGS(SYS_fchmod, fd, mode), EIO, ENOMEM)
PLAIN(int, fsync, , (int fd), ARGS(SYS_fsync, fd), EIO, ENOSPC)
PLAIN(int, ftruncate, , (int fd, off_t size), ARGS(SYS_ftruncate, fd, size), EIO, ENOSPC)
PLAIN(int, fstat, , (int fd, struct stat* status), ARGS(SYS_fstat, fd, status), ENOMEM, EIO)
PLAIN(int, stat, , (const char* path, struct stat* status),
      ARGS(SYS_newfstatat, AT_FDCWD, path, status, 0), ENOMEM, EIO)
PLAIN(int, lstat, , (const char* path, struct stat* status),
      ARGS(SYS_newfstatat, AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW), ENOMEM, EIO)
PLAIN(ssize_t, readlink, , (const char* path, char* to, size_t size),
      ARGS(SYS_readlinkat, AT_FDCWD, path, to, size), ENOMEM, EIO)

PLAIN(int, epoll_create1, , (int flags), ARGS(SYS_epoll_create1, flags), LACK)
PLAIN(int, eventfd, , (unsigned value, int flags), ARGS(SYS_eventfd2, value, flags), LACK)
PLAIN(int, signalfd, , (int fd, const sigset_t* mask, int flags),
      ARGS(SYS_signalfd4, fd, mask, 8, flags), LACK)
PLAIN(int, inotify_init1, , (int flags), ARGS(SYS_inotify_init1, flags), LACK)
PLAIN(int, inotify_add_watch, , (int fd, const char* path, uint32_t mask),
      ARGS(SYS_inotify_add_watch, fd, path, mask), ENOSPC, ENOMEM)
int epoll_ctl(int fd, int what, int of, struct epoll_event* event) {
  if (what != EPOLL_CTL_DEL && FAILS(ENOSPC, ENOMEM)) return -1;
  return (int)real_syscall(SYS_epoll_ctl, fd, what, of, event);
}
int poll(struct pollfd* fds, nfds_t count, int limit) {
  if (FAILS(EINTR, ENOMEM)) return -1;
  const struct timespec rest = {.tv_sec = limit / 1000, .tv_nsec = limit % 1000 * 1000000L};
  return (int)real_syscall(SYS_ppoll, fds, count, limit < 0 ? NULL : &rest, NULL, 8);
}
PLAIN(int, waitid, , (idtype_t type, id_t id, siginfo_t* info, int options),
      ARGS(SYS_waitid, type, id, info, options, NULL), EINTR)

// What is more than a system call: libc does it.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
pid_t fork(void) { return FAILS(EAGAIN, ENOMEM) ? -1 : NEXT(fork)(); }
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  if (FAILS(EAGAIN)) return EAGAIN;
  return NEXT(pthread_create)(thread, attributes, run, argument);
}
DIR* opendir(const char* path) { return FAILS(LACK) ? NULL : NEXT(opendir)(path); }
DIR* fdopendir(int fd) { return FAILS(ENOMEM) ? NULL : NEXT(fdopendir)(fd); }
struct dirent* readdir(DIR* directory) {
  return FAILS(EIO) ? NULL : NEXT(readdir)(directory);
}
FILE* fopen(const char* path, const char* mode) {
  return FAILS(LACK) ? NULL : NEXT(fopen)(path, mode);
}
char* realpath(const char* path, char* to) {
  return FAILS(ENOMEM, EIO) ? NULL : NEXT(realpath)(path, to);
}
int execveat(int fd, const char* path, char* const argv[], char* const envp[], int flags) {
  return FAILS(ENOMEM, EAGAIN) ? -1 : NEXT(execveat)(fd, path, argv, envp, flags);
}

// With FAULTS_NO_PIDFS in the environment the kernel is one without pidfs: pidfds have no number
// of their own, and tell no exit.
static int has_no_pidfs;
__attribute__((constructor)) static void look_for_pidfs(void) {
  has_no_pidfs = getenv("FAULTS_NO_PIDFS") != NULL;
}
int fstatfs(int fd, struct statfs* status) {
  if (has_no_pidfs) {
    errno = ENOSYS;
    return -1;
  }
  return (int)real_syscall(SYS_fstatfs, fd, status);
}
int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (has_no_pidfs && _IOC_TYPE(request) == 0xFF) {
    errno = ENOTTY;
    return -1;
  }
  return (int)real_syscall(SYS_ioctl, fd, request, argument);
}

static int fails_raw(long number) {
  switch (number) {
    case SYS_clone3:
      return fails_by("clone3", (const int[]){EAGAIN, ENOMEM, ENOSYS, 0});
    case SYS_pidfd_open:
      return fails_by("pidfd_open", (const int[]){LACK, 0});
    case SYS_pidfd_send_signal:
      return fails_by("pidfd_send_signal", (const int[]){EAGAIN, ENOMEM, 0});
    case SYS_pidfd_getfd:
      return fails_by("pidfd_getfd", (const int[]){EMFILE, EPERM, 0});
    // Between clone and exec.
    case SYS_setsid:
      return fails_by("child: setsid", (const int[]){EPERM, 0});
    case SYS_fcntl:
      return fails_by("child: fcntl", (const int[]){EMFILE, 0});
    case SYS_openat:
      return fails_by("child: openat", (const int[]){LACK, 0});
    case SYS_dup3:
      return fails_by("child: dup3", (const int[]){EMFILE, EBUSY, 0});
    case SYS_close_range:
      return fails_by("child: close_range", (const int[]){ENOSYS, ENOMEM, 0});
    case SYS_write:
      return fails_by("child: write", (const int[]){EAGAIN, ENOMEM, EINTR, 0});
    case SYS_prlimit64:
      return fails_by("child: prlimit", (const int[]){EPERM, 0});
    case SYS_chdir:
      return fails_by("child: chdir", (const int[]){EIO, ENOMEM, 0});
    case SYS_execve:
      return fails_by("child: execve", (const int[]){ENOMEM, EAGAIN, EIO, 0});
    default:
      return 0;
  }
}
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(rest, long);
  va_end(rest);
  if (fails_raw(number)) return -1;
  return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
