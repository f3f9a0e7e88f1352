#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "logs/line.h"
#include "logs/packed_text.h"
#include "logs/protocol.h"

// The files of a source as something to read from, each known again whatever its name becomes.
namespace superd::logs {

struct OpenFile {
  UniqueFd fd;
  int number = 0;           // 0: the live file
  std::uint64_t inode = 0;  // of the file that a compressed one was made of, where it tells
  std::uint64_t id = 0;     // Place::file
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point changed{};
  bool packed = false;                       // size is that of the compressed file: unpack() first
  std::shared_ptr<const PackedText> text{};  // of a compressed file, then
};

// Nothing: there is none of this number, or it cannot be read, which is told in superd's log.
std::optional<OpenFile> open_file(const Source& source, int number);
std::optional<OpenFile> oldest_file(const Source& source);
// What cannot be unpacked is empty, and told in superd's log.
void unpack(OpenFile& file, const Source& source, PackedTexts& texts);
bool is_at(const OpenFile& file, Place place);
// At most `size` bytes, of what the file had when it was opened.
std::string read_at(const OpenFile& file, std::uint64_t offset, std::size_t size);

// From the newest to the oldest, until `wanted` says that it is this one; nothing: it is none.
template <class Wanted>
std::optional<OpenFile> find_file(const Source& source, Wanted&& wanted) {
  for (int number = 0;; ++number) {
    std::optional<OpenFile> file = open_file(source, number);
    if (file && wanted(*file)) return file;
    // The live file is missing in the moment after a rotation, or because it was removed.
    if (!file && number > 0) return std::nullopt;
  }
}

}  // namespace superd::logs
