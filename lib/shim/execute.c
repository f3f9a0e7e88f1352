// What executes programs: they get the library as well, until this process has taken its socket.
// Nothing here allocates: it may be called between vfork and exec.

#include <alloca.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "environment.h"
#include "next.h"

extern char** environ;

// Declares `environment`, for an executed program, in memory that lasts as long as the function.
#define WITH_SHIM(variables)                                   \
  char** environment = (char**)(variables);                    \
  if (passes_shim_on()) {                                      \
    void* memory = alloca(shim_environment_size(environment)); \
    environment = shim_environment(memory, environment);       \
  }

REPLACES int execve(const char* path, char* const arguments[], char* const variables[]) {
  NEXT(execve, int, const char*, char* const[], char* const[]);
  WITH_SHIM(variables);
  return next(path, arguments, environment);
}

REPLACES int execvpe(const char* file, char* const arguments[], char* const variables[]) {
  NEXT(execvpe, int, const char*, char* const[], char* const[]);
  WITH_SHIM(variables);
  return next(file, arguments, environment);
}

REPLACES int fexecve(int fd, char* const arguments[], char* const variables[]) {
  NEXT(fexecve, int, int, char* const[], char* const[]);
  WITH_SHIM(variables);
  return next(fd, arguments, environment);
}

REPLACES int execv(const char* path, char* const arguments[]) {
  return execve(path, arguments, environ);
}

REPLACES int execvp(const char* file, char* const arguments[]) {
  return execvpe(file, arguments, environ);
}

// With its arguments the terminating NULL counts as one.
static size_t count_arguments(va_list list) {
  size_t count = 2;
  while (va_arg(list, char*) != NULL) ++count;
  return count;
}

// Declares `arguments`, the array of what stands behind `name`, and leaves `list` behind its NULL.
#define TAKE_ARGUMENTS(name)                        \
  va_list list;                                     \
  va_start(list, name);                             \
  const size_t count = count_arguments(list);       \
  va_end(list);                                     \
  char** arguments = alloca(count * sizeof(char*)); \
  arguments[0] = (char*)(name);                     \
  va_start(list, name);                             \
  for (size_t i = 1; i < count; ++i) arguments[i] = va_arg(list, char*)

REPLACES int execl(const char* path, const char* name, ...) {
  TAKE_ARGUMENTS(name);
  va_end(list);
  return execve(path, arguments, environ);
}

REPLACES int execlp(const char* file, const char* name, ...) {
  TAKE_ARGUMENTS(name);
  va_end(list);
  return execvpe(file, arguments, environ);
}

REPLACES int execle(const char* path, const char* name, ...) {
  TAKE_ARGUMENTS(name);
  char* const* variables = va_arg(list, char* const*);
  va_end(list);
  return execve(path, arguments, variables);
}

REPLACES int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                         const posix_spawnattr_t* attributes, char* const arguments[],
                         char* const variables[]) {
  NEXT(posix_spawn, int, pid_t*, const char*, const posix_spawn_file_actions_t*,
       const posix_spawnattr_t*, char* const[], char* const[]);
  WITH_SHIM(variables);
  return next(pid, path, actions, attributes, arguments, environment);
}

REPLACES int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                          const posix_spawnattr_t* attributes, char* const arguments[],
                          char* const variables[]) {
  NEXT(posix_spawnp, int, pid_t*, const char*, const posix_spawn_file_actions_t*,
       const posix_spawnattr_t*, char* const[], char* const[]);
  WITH_SHIM(variables);
  return next(pid, file, actions, attributes, arguments, environment);
}
