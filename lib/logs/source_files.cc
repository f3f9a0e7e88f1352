#include "logs/source_files.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

// The inode of a file that is gone is soon that of another one: what tells a file is its birth, or
// the time that it begins with.
std::uint64_t id_of(int fd, const struct stat& info, core::LogFormat format) {
  constexpr std::size_t kTime = 40;  // and a little; no line is shorter
  std::string text;
  if (format != core::LogFormat::raw) {
    text.resize(kTime);
    if (pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(kTime)) return info.st_ino;
  } else {
    struct statx more {};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) != 0 || (more.stx_mask & STATX_BTIME) == 0)
      return info.st_ino;
    text = fmt::format("{} {} {}", info.st_ino, more.stx_btime.tv_sec, more.stx_btime.tv_nsec);
  }
  return std::hash<std::string>{}(text) | 1U;
}

}  // namespace

bool is_at(const OpenFile& file, Place place) {
  // One that was empty has had no time.
  return file.id == place.file || (file.inode == place.file && place.offset == 0);
}

std::optional<OpenFile> open_file(const Source& source, int number) {
  Result<UniqueFd> fd = open_for_reading(rotated_path(source.path, number));
  if (!fd) {
    if (fd.error().code != ENOENT) log::warn("{}", fd.error().message);
    return std::nullopt;
  }
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return std::nullopt;
  const std::uint64_t id = id_of(fd->get(), info, source.format);
  return OpenFile{.fd = std::move(*fd),
                  .number = number,
                  .inode = info.st_ino,
                  .id = id,
                  .size = static_cast<std::uint64_t>(info.st_size),
                  .changed = std::chrono::system_clock::from_time_t(info.st_mtime)};
}

std::optional<OpenFile> oldest_file(const Source& source) {
  int oldest = -1;
  (void)find_file(source, [&](const OpenFile& file) {
    oldest = file.number;
    return false;
  });
  return oldest < 0 ? std::nullopt : open_file(source, oldest);
}

std::string read_at(const OpenFile& file, std::uint64_t offset, std::size_t size) {
  if (offset >= file.size) return {};
  std::string bytes(std::min<std::uint64_t>(size, file.size - offset), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t count = pread(file.fd.get(), bytes.data() + have, bytes.size() - have,
                                static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace superd::logs
