#include "os/limits.h"

#include <cerrno>

namespace superd::os {

Result<rlim_t> raise_nofile_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail_errno("cannot read RLIMIT_NOFILE", errno);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail_errno("cannot raise RLIMIT_NOFILE", errno);
  return before;
}

}  // namespace superd::os
