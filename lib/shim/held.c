#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "environment.h"

// Below what select() can name, so that the table of descriptors stays small.
enum { HIGHEST = 1024, FIRST_GIVEN = 3 };

static struct held sockets[MAX_HELD];
static size_t count;
static atomic_bool used;

size_t held_count(void) { return count; }

const struct held* held_at(size_t index) { return &sockets[index]; }

bool is_used(void) { return atomic_load(&used); }

static bool is_same(const struct held* held, int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && info.st_dev == held->device && info.st_ino == held->inode;
}

const struct held* held_behind(int fd) {
  for (size_t i = 0; i < count; ++i) {
    if (is_same(&sockets[i], fd)) return &sockets[i];
  }
  return NULL;
}

bool is_kept(int fd) {
  for (size_t i = 0; i < count; ++i) {
    if (sockets[i].fd == fd) return is_same(&sockets[i], fd);
  }
  return false;
}

// Where the high numbers begin.
static int first_kept(void) {
  struct rlimit limit;
  rlim_t top = HIGHEST;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < top) top = limit.rlim_cur;
  return top > 2 * MAX_HELD ? (int)top - MAX_HELD : FIRST_GIVEN;
}

static bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

// A descriptor that was closed on the way here, or is something else by now, is left out.
static void keep(struct held socket) {
  struct stat info;
  if (count == MAX_HELD || !listens(socket.fd) || fstat(socket.fd, &info) != 0) return;
  const int first = first_kept();
  // Open in executed programs: one of them may be the one that binds.
  const int high = socket.fd >= first ? socket.fd : fcntl(socket.fd, F_DUPFD, first);
  if (high >= 0) socket.fd = high;
  socket.device = info.st_dev;
  socket.inode = info.st_ino;
  sockets[count++] = socket;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Leaves `text` behind what was read.
static void read_bytes(const char** text, struct held* socket) {
  unsigned char* to = (unsigned char*)&socket->stands_for;
  while (socket->stands_for_size < sizeof socket->stands_for && digit((*text)[0]) >= 0 &&
         digit((*text)[1]) >= 0) {
    to[socket->stands_for_size++] = (unsigned char)(digit((*text)[0]) << 4 | digit((*text)[1]));
    *text += 2;
  }
}

// As begin() reads it; returns its end.
static char* write_one(char* to, const struct held* socket) {
  to += sprintf(to, "%d:%d", socket->fd, socket->backlog);
  const unsigned char* bytes = (const unsigned char*)&socket->stands_for;
  for (socklen_t i = 0; i < socket->stands_for_size; ++i) {
    to += sprintf(to, "%s%02X", i == 0 ? "@" : "", bytes[i]);
  }
  return to;
}

__attribute__((constructor)) static void begin(void) {
  const int error = errno;
  const char* list = take_shim_variables();
  while (list != NULL && *list != '\0') {
    char* end = NULL;
    const long fd = strtol(list, &end, 10);
    if (end == list || *end != ':') break;
    list = end + 1;
    const long backlog = strtol(list, &end, 10);
    if (end == list) break;
    struct held socket = {.fd = (int)fd, .backlog = (int)backlog};
    list = end;
    if (*list == '@') {
      ++list;
      read_bytes(&list, &socket);
    }
    keep(socket);
    if (*list == ' ') ++list;
  }
  char value[LONGEST_LIST];
  char* last = value;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) *last++ = ' ';
    last = write_one(last, &sockets[i]);
  }
  if (count > 0) set_shim_value(value);
  errno = error;
}

void note_used(void) {
  if (atomic_exchange(&used, true)) return;
  // Those that superd gave, from 3 on, and their doubles: what is executed from here has no need.
  for (int fd = FIRST_GIVEN; fd < FIRST_GIVEN + MAX_HELD; ++fd) {
    if (held_behind(fd) != NULL) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  for (size_t i = 0; i < count; ++i) {
    if (is_same(&sockets[i], sockets[i].fd)) fcntl(sockets[i].fd, F_SETFD, FD_CLOEXEC);
  }
}

int hand_over(const struct held* held, int fd) {
  const int error = errno;
  const int descriptor_flags = fcntl(fd, F_GETFD);
  const int wanted = fcntl(fd, F_GETFL);
  // Before `fd` is one of them, whose flags are the program's to choose.
  note_used();
  if (dup3(held->fd, fd, (descriptor_flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0) < 0) return -1;
  // The flag belongs to all who hold the socket, and is never taken away. But a program that made
  // its own socket non-blocking will not do so again, and would stand still in accept() whenever
  // another process was faster.
  const int status = fcntl(fd, F_GETFL);
  if ((wanted & O_NONBLOCK) != 0 && (status & O_NONBLOCK) == 0) {
    fcntl(fd, F_SETFL, status | O_NONBLOCK);
  }
  errno = error;
  return 0;
}
