#include "logs/source_files.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "logs/line_format.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

// The begin of a file with times has one; no line is shorter.
constexpr std::size_t kHead = 40;

std::uint64_t id_of_text(const std::string& text) { return std::hash<std::string>{}(text) | 1U; }

// The inode of a file that is gone is soon that of another one: what tells a file is its birth, or
// the time that it begins with.
std::uint64_t id_of(int fd, const struct stat& info, core::LogFormat format) {
  if (is_made_of_lines(format)) {
    std::string head(kHead, '\0');
    if (pread(fd, head.data(), kHead, 0) != static_cast<ssize_t>(kHead)) return info.st_ino;
    return id_of_text(head);
  }
  struct statx more {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) != 0 || (more.stx_mask & STATX_BTIME) == 0)
    return info.st_ino;
  return id_of_text(
      fmt::format("{} {} {}", info.st_ino, more.stx_btime.tv_sec, more.stx_btime.tv_nsec));
}

// Of a compressed file of lines: the same as before it was compressed.
std::uint64_t id_of_packed(int fd, const struct stat& info) {
  const gzFile file = gzdopen(fcntl(fd, F_DUPFD_CLOEXEC, 0), "rb");
  if (file == nullptr) return info.st_ino;
  std::string head(kHead, '\0');
  const int count = gzread(file, head.data(), static_cast<unsigned>(kHead));
  gzclose(file);
  lseek(fd, 0, SEEK_SET);
  return count == static_cast<int>(kHead) ? id_of_text(head) : info.st_ino;
}

}  // namespace

bool is_at(const OpenFile& file, Place place) {
  // One that was empty has had no time.
  return file.id == place.file || (file.inode == place.file && place.offset == 0);
}

std::optional<OpenFile> open_file(const Source& source, int number) {
  Result<UniqueFd> fd = open_for_reading(rotated_path(source.path, number));
  const bool packed = !fd && fd.error().code == ENOENT && number > 0;
  if (packed) fd = open_for_reading(compressed_path(source.path, number));
  if (!fd) {
    if (fd.error().code != ENOENT) log::warn("{}", fd.error().message);
    return std::nullopt;
  }
  struct stat info {};
  if (fstat(fd->get(), &info) != 0) return std::nullopt;
  const std::uint64_t id = packed && is_made_of_lines(source.format)
                               ? id_of_packed(fd->get(), info)
                               : id_of(fd->get(), info, source.format);
  return OpenFile{.fd = std::move(*fd),
                  .number = number,
                  .inode = info.st_ino,
                  .id = id,
                  .size = static_cast<std::uint64_t>(info.st_size),
                  .changed = std::chrono::system_clock::from_time_t(info.st_mtime),
                  .packed = packed};
}

std::optional<OpenFile> oldest_file(const Source& source) {
  int oldest = -1;
  (void)find_file(source, [&](const OpenFile& file) {
    if (file.packed && !is_made_of_lines(source.format)) return true;
    oldest = file.number;
    return false;
  });
  return oldest < 0 ? std::nullopt : open_file(source, oldest);
}

void unpack(OpenFile& file, const Source& source, PackedTexts& texts) {
  if (!file.packed) return;
  file.packed = false;
  file.size = 0;
  Result<std::shared_ptr<const PackedText>> text = texts.text_of(file.fd.get());
  if (!text)
    return log::warn("{}: {}", compressed_path(source.path, file.number), text.error().message);
  file.text = std::move(*text);
  file.size = file.text->size();
}

std::string read_at(const OpenFile& file, std::uint64_t offset, std::size_t size) {
  if (offset >= file.size) return {};
  if (file.text) return file.text->read(file.fd.get(), offset, size);
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
