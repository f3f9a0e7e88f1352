#pragma once

#include <atomic>
#include <string>

#include "base/result.h"

namespace superd::logs {

// Writes what is in `from`, from its beginning, as a gzip file to `to`, which is made (mode 0640)
// and must not be there. Blocks; meant for another thread. At a failure, or once `stop` is set
// (error code ECANCELED), `to` is removed again. What is done is on the disk, not only on its way,
// and has the origin of `from` in its header (file_origin.h).
Status compress_file(int from, const std::string& to, const std::atomic<bool>& stop);

}  // namespace superd::logs
