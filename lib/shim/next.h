#pragma once

// Marks what takes the place of a function of the C library; everything else stays inside.
#define REPLACES __attribute__((visibility("default")))

// What this library replaces.
// The formatter has no stable layout for this list.
// clang-format off
#define REPLACED(EACH)                                                                   \
  EACH(bind)                                                                             \
  EACH(listen) EACH(shutdown) EACH(close) EACH(close_range) EACH(closefrom) EACH(unlink) \
      EACH(unlinkat) EACH(remove) EACH(chmod) EACH(fchmodat) EACH(chown) EACH(lchown)    \
          EACH(fchownat) EACH(execve) EACH(execvpe) EACH(fexecve) EACH(posix_spawn)      \
              EACH(posix_spawnp)
// clang-format on

enum replaced {
#define NAME_OF(name) NEXT_##name,
  REPLACED(NAME_OF)
#undef NAME_OF
      REPLACED_COUNT
};

// Sets the function pointer at `slot` to the next definition: the C library's, or that of another
// preloaded library. All are looked up before the program begins, for between fork and exec it may
// be too late.
void find_next(void* slot, enum replaced which);

// Declares `next`, to be called in the place of the function that is being replaced.
#define NEXT(name, result, ...) \
  result (*next)(__VA_ARGS__);  \
  find_next((void*)&next, NEXT_##name)
