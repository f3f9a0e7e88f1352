// A program that binds and does what programs do around that: one step an argument or two, each
// told on a line of stdout. Run with the library preloaded.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int last = -1;  // the socket that was bound last
static int kind = SOCK_STREAM | SOCK_CLOEXEC;

static unsigned long inode(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 ? (unsigned long)info.st_ino : 0;
}

static void tell_bound(int result) {
  if (result != 0) {
    printf("%s\n", errno == EADDRINUSE ? "in use" : strerror(errno));
  } else {
    printf("%lu\n", inode(last));
  }
}

static void bind_tcp(const char* host, const char* port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                            .sin6_port = htons((unsigned short)atoi(port))};
  const int is_v6 = strchr(host, ':') != NULL;
  last = socket(is_v6 ? AF_INET6 : AF_INET, kind, 0);
  inet_pton(is_v6 ? AF_INET6 : AF_INET, host, is_v6 ? (void*)&v6.sin6_addr : (void*)&v4.sin_addr);
  tell_bound(is_v6 ? bind(last, (struct sockaddr*)&v6, sizeof v6)
                   : bind(last, (struct sockaddr*)&v4, sizeof v4));
}

static void bind_unix(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  last = socket(AF_UNIX, kind, 0);
  tell_bound(bind(last, (struct sockaddr*)&address, sizeof address));
}

static void tell_variables(void) {
  const char* preload = getenv("LD_PRELOAD");
  const char* shim = getenv("SUPERD_SHIM");
  printf("preload=%s shim=%s\n", preload == NULL ? "" : preload, shim == NULL ? "" : shim);
}

static void tell_open(void) {
  int sockets = 0;
  for (int fd = 3; fd < 1100; ++fd) {
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode)) ++sockets;
  }
  printf("%d sockets\n", sockets);
}

static void go_on_in_child(void) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) return;
  int status = 0;
  waitpid(child, &status, 0);
  exit(WEXITSTATUS(status));
}

int main(int count, char** steps) {
  for (int i = 1; i < count; ++i) {
    const char* step = steps[i];
    if (strcmp(step, "bind") == 0) {
      bind_tcp(steps[i + 1], steps[i + 2]);
      i += 2;
    } else if (strcmp(step, "bind-unix") == 0) {
      bind_unix(steps[++i]);
    } else if (strcmp(step, "nonblocking") == 0) {
      kind |= SOCK_NONBLOCK;
    } else if (strcmp(step, "inheritable") == 0) {
      kind &= ~SOCK_CLOEXEC;
    } else if (strcmp(step, "listen") == 0) {
      printf("listen %d\n", listen(last, atoi(steps[++i])));
    } else if (strcmp(step, "shutdown") == 0) {
      printf("shutdown %d\n", shutdown(last, SHUT_RDWR));
    } else if (strcmp(step, "flags") == 0) {
      printf("%s, %s\n", (fcntl(last, F_GETFL) & O_NONBLOCK) != 0 ? "non-blocking" : "blocking",
             (fcntl(last, F_GETFD) & FD_CLOEXEC) != 0 ? "closed" : "open");
    } else if (strcmp(step, "unlink") == 0) {
      printf("unlink %d\n", unlink(steps[++i]));
    } else if (strcmp(step, "remove") == 0) {
      printf("remove %d\n", remove(steps[++i]));
    } else if (strcmp(step, "chmod") == 0) {
      printf("chmod %d\n", chmod(steps[++i], 0));
    } else if (strcmp(step, "close-range") == 0) {
      close_range(3, ~0U, 0);
    } else if (strcmp(step, "closefrom") == 0) {
      closefrom(3);
    } else if (strcmp(step, "close-each") == 0) {
      for (int fd = 3; fd < 1100; ++fd) close(fd);
    } else if (strcmp(step, "variables") == 0) {
      tell_variables();
    } else if (strcmp(step, "open") == 0) {
      tell_open();
    } else if (strcmp(step, "fork") == 0) {
      go_on_in_child();
    } else if (strcmp(step, "exec") == 0) {
      fflush(stdout);
      execvp(steps[i + 1], steps + i + 1);
      return 127;
    } else if (strcmp(step, "execl-variables") == 0) {
      fflush(stdout);
      execl(steps[0], steps[0], "variables", "open", (char*)NULL);
      return 127;
    } else {
      printf("no step: %s\n", step);
    }
  }
  return 0;
}
