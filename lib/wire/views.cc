#include "wire/views.h"

#include <cstdlib>

namespace superd::wire {

const char* name(Role role) {
  switch (role) {
    case Role::main:
      return "main";
    case Role::child:
      return "child";
    case Role::unknown:
      return "unknown";
  }
  std::abort();
}

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::done:
      return "done";
    case Verdict::failed:
      return "failed";
    case Verdict::timed_out:
      return "timed-out";
    case Verdict::superseded:
      return "superseded";
  }
  std::abort();
}

}  // namespace superd::wire
