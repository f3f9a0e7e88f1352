#pragma once

#include <stdbool.h>
#include <stddef.h>

// The two variables by which the library gets from program to program: LD_PRELOAD and SUPERD_SHIM.

// Takes them out of this process's environment, in place, and gives the value of SUPERD_SHIM; NULL:
// there is none. Other libraries stay in LD_PRELOAD. To be called once, before the program begins.
const char* take_shim_variables(void);
// What SUPERD_SHIM is to be in programs executed from here.
void set_shim_value(const char* value);

// Whether an executed program is to get them.
bool passes_shim_on(void);
// `variables` with the two in it. `memory` is of shim_environment_size(variables) bytes: nothing is
// allocated, so that this may be called between vfork and exec.
size_t shim_environment_size(char* const* variables);
char** shim_environment(void* memory, char* const* variables);
