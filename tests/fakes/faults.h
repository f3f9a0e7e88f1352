#pragma once

#include <stdint.h>

// What a test and the preloaded tests/fakes/faults.c share: a file with one of these for each of
// superd's processes, mapped by both. A process counts its kernel calls while `armed`, and lets the
// one with the number `fail_at` fail, once; or, `lasting`, all from there on that need a
// descriptor.
enum FaultRole { FAULTS_KEEPER, FAULTS_SUPERVISOR, FAULTS_LOGGER, FAULTS_ROLES };

struct Faults {
  uint32_t armed;
  uint32_t choice;   // which of the plausible errors
  uint32_t lasting;  // or: no further descriptor
  uint64_t count;    // calls so far
  uint64_t fail_at;  // 1: the first; 0: none
  uint32_t error;    // errno of the one that failed; 0: none did
  char call[32];     // and its name
};
