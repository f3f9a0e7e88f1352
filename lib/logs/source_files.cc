#include "logs/source_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "logs/file_origin.h"
#include "logs/line_format.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

// The begin of a file with times has one; no line is shorter.
constexpr std::size_t kHead = 40;

// Empty: it is shorter.
std::string head_of(const OpenFile& file) {
  std::string head(kHead, '\0');
  if (!file.packed)
    return pread(file.fd.get(), head.data(), kHead, 0) == static_cast<ssize_t>(kHead) ? head : "";
  const gzFile text = gzdopen(fcntl(file.fd.get(), F_DUPFD_CLOEXEC, 0), "rb");
  if (text == nullptr) return "";
  const int count = gzread(text, head.data(), static_cast<unsigned>(kHead));
  gzclose(text);
  lseek(file.fd.get(), 0, SEEK_SET);
  return count == static_cast<int>(kHead) ? head : "";
}

// Of which origin the file is, and the time that it begins with: it may be emptied from outside.
void identify(OpenFile& file, const Source& source) {
  const std::string origin = file.packed ? origin_in_gzip(file.fd.get()) : origin_of(file.fd.get());
  std::from_chars(origin.data(), origin.data() + origin.size(), file.inode);
  file.id = file.inode;
  const bool has_times = is_made_of_lines(source.format);
  const std::string head = has_times ? head_of(file) : "";
  // One that is empty has no time yet, and one that others compressed no origin.
  if (has_times ? head.empty() : origin.empty()) return;
  file.id = std::hash<std::string>{}(origin + head) | 1U;
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
  OpenFile file{.fd = std::move(*fd),
                .number = number,
                .inode = info.st_ino,
                .size = static_cast<std::uint64_t>(info.st_size),
                .changed = std::chrono::system_clock::from_time_t(info.st_mtime),
                .packed = packed};
  identify(file, source);
  return file;
}

std::optional<OpenFile> oldest_file(const Source& source) {
  int oldest = -1;
  (void)find_file(source, [&](const OpenFile& file) {
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
