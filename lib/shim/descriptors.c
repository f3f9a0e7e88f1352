// What closes descriptors: the numbers under which the sockets are kept stay open.

#include <stddef.h>
#include <unistd.h>

#include "held.h"
#include "next.h"

REPLACES int close(int fd) {
  NEXT(close, int, int);
  return is_kept(fd) ? 0 : next(fd);
}

// The lowest kept number from `from` on; 0: none.
static unsigned kept_from(unsigned from) {
  unsigned lowest = 0;
  for (size_t i = 0; i < held_count(); ++i) {
    const unsigned fd = (unsigned)held_at(i)->fd;
    if (fd >= from && (lowest == 0 || fd < lowest) && is_kept((int)fd)) lowest = fd;
  }
  return lowest;
}

REPLACES int close_range(unsigned first, unsigned last, int flags) {
  NEXT(close_range, int, unsigned, unsigned, int);
  for (unsigned kept = kept_from(first); kept != 0 && kept <= last; kept = kept_from(first)) {
    const int result = kept > first ? next(first, kept - 1, flags) : 0;
    if (result != 0 || kept == last) return result;
    first = kept + 1;
  }
  return next(first, last, flags);
}

REPLACES void closefrom(int first) {
  NEXT(closefrom, void, int);
  const unsigned from = first > 0 ? (unsigned)first : 0;
  if (kept_from(from) == 0) {
    next(first);
    return;
  }
  unsigned at = from;
  for (unsigned kept = kept_from(at); kept != 0; kept = kept_from(at)) {
    for (; at < kept; ++at) close((int)at);
    at = kept + 1;
  }
  next((int)at);
}
