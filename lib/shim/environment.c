#include "environment.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held.h"

static const char kShim[] = "SUPERD_SHIM=";
static const char kPreload[] = "LD_PRELOAD=";
static const char kSeparators[] = ": ";

static char library[PATH_MAX];                           // as LD_PRELOAD names it
static char shim_variable[sizeof kShim + LONGEST_LIST];  // empty: none
static char plain_preload[sizeof kPreload + PATH_MAX];

static bool is_variable(const char* entry, const char* prefix) {
  return strncmp(entry, prefix, strlen(prefix)) == 0;
}

static bool is_library(const char* word, size_t length) {
  return length == strlen(library) && strncmp(word, library, length) == 0;
}

// The list without this library, in its own memory. Whether anything is left.
static bool take_library_out(char* list) {
  char* end = list;
  for (const char* word = list; *word != '\0';) {
    const size_t length = strcspn(word, kSeparators);
    const char* next = word + length;
    while (*next != '\0' && strchr(kSeparators, *next) != NULL) ++next;
    if (length > 0 && !is_library(word, length)) {
      if (end != list) *end++ = ':';
      memmove(end, word, length);
      end += length;
    }
    word = next;
  }
  *end = '\0';
  return end != list;
}

static bool has_library(const char* list) {
  for (const char* word = list; *word != '\0';) {
    const size_t length = strcspn(word, kSeparators);
    if (is_library(word, length)) return true;
    word += length;
    word += strspn(word, kSeparators);
  }
  return false;
}

// In place: some shells read the array that main() gets, which is this one.
const char* take_shim_variables(void) {
  Dl_info info;
  if (dladdr(kShim, &info) == 0 || strlen(info.dli_fname) >= sizeof library) return NULL;
  strcpy(library, info.dli_fname);
  snprintf(plain_preload, sizeof plain_preload, "%s%s", kPreload, library);
  const char* value = NULL;
  char** kept = environ;
  for (char** entry = environ; entry != NULL && *entry != NULL; ++entry) {
    if (is_variable(*entry, kShim)) {
      value = *entry + strlen(kShim);
    } else if (!is_variable(*entry, kPreload) || take_library_out(*entry + strlen(kPreload))) {
      *kept++ = *entry;
    }
  }
  if (kept != NULL) *kept = NULL;
  return value;
}

void set_shim_value(const char* value) {
  const int length = snprintf(shim_variable, sizeof shim_variable, "%s%s", kShim, value);
  if (length < 0 || (size_t)length >= sizeof shim_variable) shim_variable[0] = '\0';
}

bool passes_shim_on(void) { return shim_variable[0] != '\0' && !is_used(); }

static const char* preload_of(char* const* variables) {
  for (; variables != NULL && *variables != NULL; ++variables) {
    if (is_variable(*variables, kPreload)) return *variables;
  }
  return NULL;
}

size_t shim_environment_size(char* const* variables) {
  size_t count = 0;
  while (variables != NULL && variables[count] != NULL) ++count;
  const char* preload = preload_of(variables);
  const size_t text = (preload != NULL ? strlen(preload) : 0) + strlen(plain_preload) + 2;
  return (count + 3) * sizeof(char*) + text;
}

char** shim_environment(void* memory, char* const* variables) {
  const char* preload = preload_of(variables);
  char** result = memory;
  char** end = result;
  for (; variables != NULL && *variables != NULL; ++variables) {
    if (!is_variable(*variables, kShim) && !is_variable(*variables, kPreload)) *end++ = *variables;
  }
  // Behind the three that may come now.
  char* text = (char*)(end + 3);
  if (preload == NULL || preload[strlen(kPreload)] == '\0') {
    strcpy(text, plain_preload);
  } else if (has_library(preload + strlen(kPreload))) {
    strcpy(text, preload);
  } else {
    // Not by printf, which may allocate.
    strcpy(text, preload);
    strcat(text, ":");
    strcat(text, library);
  }
  *end++ = text;
  *end++ = shim_variable;
  *end = NULL;
  return result;
}
