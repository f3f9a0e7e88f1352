// What a program does with its listening sockets.

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "held.h"
#include "next.h"

REPLACES int bind(int fd, const struct sockaddr* address, socklen_t size) {
  NEXT(bind, int, int, const struct sockaddr*, socklen_t);
  const struct held* held = held_for(fd, address, size);
  if (held != NULL) return hand_over(held, fd);
  const int result = next(fd, address, size);
  if (result == 0 || errno != EADDRINUSE) return result;
  explain_address_in_use(address, size);
  errno = EADDRINUSE;
  return result;
}

// The backlog is superd's to choose; the call itself is made, for it tells who listens.
REPLACES int listen(int fd, int backlog) {
  NEXT(listen, int, int, int);
  const struct held* held = held_behind(fd);
  return next(fd, held != NULL ? held->backlog : backlog);
}

// It would end the socket for everybody who holds it.
REPLACES int shutdown(int fd, int how) {
  NEXT(shutdown, int, int, int);
  return held_behind(fd) != NULL ? 0 : next(fd, how);
}
