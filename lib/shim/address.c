#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "held.h"

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
  struct sockaddr_storage storage;
};

enum fit { NO_FIT, WILDCARD, EQUAL };

// A copy that is whole: a path in it ends with a zero.
static bool read_address(union address* to, const struct sockaddr* from, socklen_t size) {
  memset(to, 0, sizeof *to);
  if (from == NULL || size < sizeof from->sa_family || size >= sizeof to->storage) return false;
  memcpy(to, from, size);
  switch (to->any.sa_family) {
    case AF_INET:
      return size >= sizeof to->v4;
    case AF_INET6:
      return size >= sizeof to->v6;
    case AF_UNIX:
      return to->local.sun_path[0] != '\0';
    default:
      return false;
  }
}

static bool address_of(const struct held* held, union address* address) {
  if (held->stands_for_size > 0) {
    return read_address(address, (const struct sockaddr*)&held->stands_for, held->stands_for_size);
  }
  union address raw;
  socklen_t size = sizeof raw.storage;
  return getsockname(held->fd, &raw.any, &size) == 0 && read_address(address, &raw.any, size);
}

static size_t length_of_directory(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static bool stat_directory(int at, const char* path, struct stat* info) {
  char directory[sizeof((struct sockaddr_un*)NULL)->sun_path + 2] = ".";
  const size_t length = length_of_directory(path);
  if (length >= sizeof directory) return false;
  if (length > 0) {
    memcpy(directory, path, length);
    directory[length] = '\0';
  }
  return fstatat(at, directory, info, 0) == 0;
}

// The file itself need not be there.
static bool same_path(int at, const char* path, const char* held) {
  if (strcmp(path + length_of_directory(path), held + length_of_directory(held)) != 0) return false;
  struct stat one;
  struct stat other;
  return stat_directory(at, path, &one) && stat_directory(AT_FDCWD, held, &other) &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static enum fit fit_v4(const struct sockaddr_in* held, const struct sockaddr_in* wanted) {
  if (held->sin_port != wanted->sin_port) return NO_FIT;
  if (held->sin_addr.s_addr == wanted->sin_addr.s_addr) return EQUAL;
  return held->sin_addr.s_addr == htonl(INADDR_ANY) ? WILDCARD : NO_FIT;
}

static enum fit fit_v6(const struct sockaddr_in6* held, const struct sockaddr_in6* wanted) {
  if (held->sin6_port != wanted->sin6_port) return NO_FIT;
  if (IN6_ARE_ADDR_EQUAL(&held->sin6_addr, &wanted->sin6_addr)) {
    return held->sin6_scope_id == wanted->sin6_scope_id ? EQUAL : NO_FIT;
  }
  // A mapped address is one of IPv4, which superd's sockets of IPv6 do not serve.
  const bool serves =
      IN6_IS_ADDR_UNSPECIFIED(&held->sin6_addr) && !IN6_IS_ADDR_V4MAPPED(&wanted->sin6_addr);
  return serves ? WILDCARD : NO_FIT;
}

static enum fit fit(const union address* held, const union address* wanted) {
  if (held->any.sa_family != wanted->any.sa_family) return NO_FIT;
  switch (wanted->any.sa_family) {
    case AF_INET:
      return fit_v4(&held->v4, &wanted->v4);
    case AF_INET6:
      return fit_v6(&held->v6, &wanted->v6);
    case AF_UNIX:
      return same_path(AT_FDCWD, wanted->local.sun_path, held->local.sun_path) ? EQUAL : NO_FIT;
    default:
      return NO_FIT;
  }
}

static int option_of(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

const struct held* held_for(int fd, const struct sockaddr* address, socklen_t size) {
  union address wanted;
  if (held_count() == 0 || !read_address(&wanted, address, size)) return NULL;
  if (option_of(fd, SO_TYPE) != SOCK_STREAM) return NULL;
  if (option_of(fd, SO_DOMAIN) != wanted.any.sa_family) return NULL;
  // The kernel refuses what is bound already.
  if (held_behind(fd) != NULL) return NULL;
  const struct held* best = NULL;
  enum fit best_fit = NO_FIT;
  for (size_t i = 0; i < held_count(); ++i) {
    union address held;
    if (held_behind(held_at(i)->fd) != held_at(i) || !address_of(held_at(i), &held)) continue;
    const enum fit found = fit(&held, &wanted);
    if (found <= best_fit) continue;
    best = held_at(i);
    best_fit = found;
  }
  return best;
}

bool is_held_path(int directory, const char* path) {
  for (size_t i = 0; i < held_count(); ++i) {
    union address held;
    if (!address_of(held_at(i), &held) || held.any.sa_family != AF_UNIX) continue;
    if (same_path(directory, path, held.local.sun_path)) return true;
  }
  return false;
}

static void print_address(const union address* address, char* to, size_t size) {
  char host[INET6_ADDRSTRLEN] = "?";
  switch (address->any.sa_family) {
    case AF_INET:
      inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
      snprintf(to, size, "%s:%d", host, ntohs(address->v4.sin_port));
      return;
    case AF_INET6:
      inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
      snprintf(to, size, "[%s]:%d", host, ntohs(address->v6.sin6_port));
      return;
    default:
      snprintf(to, size, "unix:%s", address->local.sun_path);
  }
}

void explain_address_in_use(const struct sockaddr* address, socklen_t size) {
  union address wanted;
  if (held_count() == 0 || !read_address(&wanted, address, size)) return;
  char text[160];
  print_address(&wanted, text, sizeof text);
  char line[512];
  int length =
      snprintf(line, sizeof line, "superd: %s is none of the sockets of this group:", text);
  for (size_t i = 0; i < held_count() && length > 0 && (size_t)length < sizeof line - 2; ++i) {
    union address held;
    if (!address_of(held_at(i), &held)) continue;
    print_address(&held, text, sizeof text);
    length += snprintf(line + length, sizeof line - (size_t)length, " %s", text);
  }
  if (length < 0) return;
  if ((size_t)length > sizeof line - 2) length = (int)sizeof line - 2;
  line[length++] = '\n';
  if (write(STDERR_FILENO, line, (size_t)length) < 0) return;
}
