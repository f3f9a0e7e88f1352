#pragma once

namespace superd {

// Opens /dev/null where descriptors 0, 1 or 2 are closed, so that nothing opened later lands there
// and gets what is printed. `access`: O_RDWR, and what is written to it is lost; O_RDONLY, and a
// write fails as it would have failed on the closed one (EBADF). Ends the program where there is no
// /dev/null.
void open_standard_descriptors(int access);

}  // namespace superd
