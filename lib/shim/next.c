#include "next.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char* const names[REPLACED_COUNT] = {
#define TEXT_OF(name) [NEXT_##name] = #name,
    REPLACED(TEXT_OF)
#undef TEXT_OF
};

static void* found[REPLACED_COUNT];

static void look_up(enum replaced which) { found[which] = dlsym(RTLD_NEXT, names[which]); }

__attribute__((constructor)) static void look_up_all(void) {
  for (int which = 0; which < REPLACED_COUNT; ++which) look_up((enum replaced)which);
}

void find_next(void* slot, enum replaced which) {
  // Called by the constructor of a library that came first.
  if (found[which] == NULL) look_up(which);
  // The C library that this was built with has it, or the program could not name it.
  if (found[which] == NULL) abort();
  // ISO C knows no conversion between pointers to objects and to functions.
  memcpy(slot, &found[which], sizeof found[which]);
}
