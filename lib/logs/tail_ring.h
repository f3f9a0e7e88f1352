#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/worker_ref.h"
#include "logs/cri.h"
#include "logs/line.h"
#include "logs/stamp.h"

namespace superd::logs {

// The last lines that one spawn wrote, in bounded memory. Of a long line its beginning is kept.
class TailRing {
 public:
  static constexpr std::size_t kMaxLines = 50;
  static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kMaxLineBytes = std::size_t{4} * 1024;

  void push(Stamp time, Stream stream, Piece piece, std::string_view text);
  // At most `count` lines, oldest first.
  [[nodiscard]] std::vector<Line> last(std::size_t count, const std::string& worker) const;
  // Gives back the memory that only further lines would need.
  void compact();

 private:
  struct Entry {
    Stamp time;
    Stream stream = Stream::both;
    std::size_t size = 0;
  };

  // The texts one behind the other, beginning at start_.
  std::string text_;
  std::size_t start_ = 0;
  std::deque<Entry> entries_;
  // A stream whose present line has begun already: further pieces of it are left out.
  std::array<bool, 3> begun_{};
};

// The tails of spawns that are gone: the last ones of each worker, and a limit on all.
class FinishedTails {
 public:
  static constexpr std::size_t kPerWorker = 2;
  static constexpr std::size_t kMaxSpawns = 4096;

  void keep(const std::string& worker, core::SpawnId spawn, TailRing tail);
  // Oldest first; nothing for a spawn that is not kept.
  [[nodiscard]] std::vector<Line> last(core::SpawnId spawn, std::size_t count) const;

 private:
  struct Kept {
    std::string worker;
    core::SpawnId spawn{};
    TailRing tail;
  };

  // Oldest first.
  std::deque<Kept> kept_;
};

}  // namespace superd::logs
