#pragma once

#include <cerrno>

namespace superd {

// Whether an errno value says that something is lacking now which may be there in a moment:
// descriptors, memory, processes, room. What failed so is tried again; it tells nothing about the
// object that was asked for.
inline bool is_shortage(int code) {
  switch (code) {
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
      return true;
    default:
      return false;
  }
}

}  // namespace superd
