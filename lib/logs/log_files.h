#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

// The files of one worker on disk: PATH, and behind it PATH.1 (the newest) … PATH.keep, or, where
// they are compressed, PATH.1.gz and so on. Where a number has both, the compressed one is not
// whole or not needed.
namespace superd::logs {

// `web.1.log` and 3: `web.1.log.3`; 0: the live file itself.
std::string rotated_path(const std::string& path, int number);

// `web.1.log` and 3: `web.1.log.3.gz`.
std::string compressed_path(const std::string& path, int number);

// The newest rotated file that is not compressed; 0: there is none.
int newest_uncompressed(const std::string& path);

// Opens the live file for appending and reading, making it (mode 0640) and missing folders above it
// (0750) as needed. Refuses what is no regular file: a symlink in its place, a FIFO, a device.
Result<UniqueFd> open_for_append(const std::string& path);

// The same refusals, for reading. Error code ENOENT: there is none.
Result<UniqueFd> open_for_reading(const std::string& path);

// Makes the live file number 1, number 1 number 2 and so on; what would be beyond `keep` goes. With
// keep 0 the live file itself is removed. After a failure the live file is still there.
Status rotate_files(const std::string& path, int keep);

}  // namespace superd::logs
