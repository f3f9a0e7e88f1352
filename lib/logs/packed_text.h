#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace superd::logs {

class Inflation;

// The text of a gzip file, to be read from anywhere: it has marks on the way, and is inflated from
// the nearest one before, so that neither all of it is held nor all of it inflated for each look.
// What is behind damage is not there.
class PackedText {
 public:
  // Inflates all of it once.
  static Result<PackedText> of(int fd);

  PackedText(PackedText&& other) noexcept;
  PackedText& operator=(PackedText&& other) noexcept;
  ~PackedText();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // At most `size` bytes; `fd`: the same file. What cannot be read is not there.
  [[nodiscard]] std::string read(int fd, std::uint64_t offset, std::size_t size) const;
  // What the marks take: 3 MiB at most, 2 of a text of 50 MiB.
  [[nodiscard]] std::size_t mark_bytes() const;

 private:
  PackedText();
  void mark(const Inflation& here);

  std::vector<Inflation> marks_;  // the first one at the begin
  std::uint64_t apart_;
  std::uint64_t size_ = 0;
};

// The texts that were looked at last: who reads a compressed file page by page, or several of them
// in turn, finds them here. Of so many that their marks do not fit all are inflated anew.
class PackedTexts {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{32} << 20;

  explicit PackedTexts(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  // Known again by the file itself, whatever its name is by now.
  Result<std::shared_ptr<const PackedText>> text_of(int fd);
  void clear() { known_.clear(); }
  [[nodiscard]] bool empty() const { return known_.empty(); }

 private:
  struct File {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::time_t second = 0;
    long nanosecond = 0;
    bool operator==(const File&) const = default;
  };
  struct Known {
    File file;
    std::shared_ptr<const PackedText> text;
  };

  std::size_t most_bytes_;
  std::list<Known> known_;  // the one that was looked at last comes first
};

}  // namespace superd::logs
