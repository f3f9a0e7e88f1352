#include "doctor/finding.h"

#include <cstdlib>

namespace superd::doctor {

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::missing:
      return "missing";
    case Verdict::problem:
      return "problem";
  }
  std::abort();
}

}  // namespace superd::doctor
