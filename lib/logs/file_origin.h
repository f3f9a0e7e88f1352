#pragma once

#include <string>

// Which file one is, in words that no other file of the same log has: its inode, which is used
// again once a file is gone, and its birth where the file system knows it. A compressed file has
// those of the file that it was made of, in the comment of its gzip header.
namespace superd::logs {

// `14 1763954403 120000000`, or `14`.
std::string origin_of(int fd);

// The comment of a gzip header for it, and from it; empty: there is none.
std::string to_gzip_comment(const std::string& origin);
std::string origin_in_gzip(int fd);

}  // namespace superd::logs
