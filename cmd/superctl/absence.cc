#include "absence.h"

#include <cerrno>

namespace superd::superctl {

void Absence::is_over() {
  if (since_) out_->progress("");
  since_.reset();
}

Result<client::Clock::time_point> Absence::knocked_in_vain(client::Clock::time_point now) {
  if (!since_) since_ = now;
  if (now >= *since_ + kLongest) {
    out_->progress("");
    return fail("superd has gone and did not come back", ECONNREFUSED);
  }
  if (now >= *since_ + kUntold) out_->progress("superd is away; waiting for it");
  return now + kKnock;
}

}  // namespace superd::superctl
