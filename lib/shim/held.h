#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

// The listening sockets that superd holds and that this process may be handed. Found once, before
// the program begins, from SUPERD_SHIM: `3:4096 4:128`, descriptor and backlog of each. One of a
// rehearsal stands for another address, `3:4096@02001F90…`, a sockaddr in hexadecimal. Without
// that variable there are none, and the library does nothing.
//
// The program sees neither SUPERD_SHIM nor this library in LD_PRELOAD: both are taken out of its
// environment, and given to the programs that it executes for as long as it has not bound a socket
// itself (environment.h).
//
// Each socket is kept under a high number too, which the program's own close() leaves alone: who
// closes everything from 3 on, or makes a child do so, still gets what it binds.

enum {
  MAX_HELD = 64,
  LONGEST_LIST = MAX_HELD * (32 + 2 * sizeof(struct sockaddr_storage)),  // of SUPERD_SHIM
};

struct held {
  int fd;       // the high number
  int backlog;  // superd's own
  dev_t device;
  ino_t inode;
  struct sockaddr_storage stands_for;  // for that address
  socklen_t stands_for_size;           // 0: for its own
};

// How many there are; [0] … [count - 1].
size_t held_count(void);
const struct held* held_at(size_t index);

// The one that the descriptor refers to, whatever its number; NULL: none.
const struct held* held_behind(int fd);
// Whether it is a number under which one is kept.
bool is_kept(int fd);

// The one that a socket gets which is to be bound there; NULL: none. Equal addresses come first; a
// wildcard serves every address of its family.
const struct held* held_for(int fd, const struct sockaddr* address, socklen_t size);
// Whether `path`, seen from `directory` (AT_FDCWD: the current one), is that of a held socket.
bool is_held_path(int directory, const char* path);

// Whether this process has been handed a socket. From then on the programs that it executes get
// neither the library nor the sockets.
bool is_used(void);
void note_used(void);

// `held` takes the place of what `fd` was. 0, or -1 and errno.
int hand_over(const struct held* held, int fd);

// Says on stderr why an address that is in use was not handed over.
void explain_address_in_use(const struct sockaddr* address, socklen_t size);
