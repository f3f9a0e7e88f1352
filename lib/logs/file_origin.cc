#include "logs/file_origin.h"

#include <array>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace superd::logs {
namespace {

constexpr std::string_view kOriginMark = "superd file ";
// Of a header with a comment alone, far more than enough.
constexpr std::size_t kMostHeader = 256;
constexpr int kGzipWindow = 16 + MAX_WBITS;

}  // namespace

std::string origin_of(int fd) {
  struct statx info {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) return {};
  if ((info.stx_mask & STATX_BTIME) == 0) return fmt::format("{}", info.stx_ino);
  return fmt::format("{} {} {}", info.stx_ino, info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
}

std::string to_gzip_comment(const std::string& origin) {
  return fmt::format("{}{}", kOriginMark, origin);
}

std::string origin_in_gzip(int fd) {
  std::array<Bytef, kMostHeader> bytes{};
  const ssize_t count = pread(fd, bytes.data(), bytes.size(), 0);
  z_stream stream{};
  if (count <= 0 || inflateInit2(&stream, kGzipWindow) != Z_OK) return {};
  std::array<Bytef, kMostHeader> comment{};
  gz_header header{};
  header.comment = comment.data();
  header.comm_max = static_cast<uInt>(comment.size() - 1);
  stream.next_in = bytes.data();
  stream.avail_in = static_cast<uInt>(count);
  // Stops behind the header; zlib wants to know where it could write.
  Bytef nothing = 0;
  stream.next_out = &nothing;
  const bool read = inflateGetHeader(&stream, &header) == Z_OK &&
                    inflate(&stream, Z_BLOCK) != Z_DATA_ERROR && header.done == 1;
  inflateEnd(&stream);
  if (!read) return {};
  const std::string_view text(reinterpret_cast<const char*>(comment.data()));
  if (!text.starts_with(kOriginMark)) return {};
  return std::string(text.substr(kOriginMark.size()));
}

}  // namespace superd::logs
