#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace superd::daemon {

// The last lines of what a program wrote, in bounded memory. Of a long line its beginning is kept.
// Pure.
class LastLines {
 public:
  static constexpr std::size_t kMaxLines = 20;
  static constexpr std::size_t kMaxBytes = std::size_t{8} * 1024;
  static constexpr std::size_t kMaxLineBytes = std::size_t{2} * 1024;

  void add(std::string_view bytes);
  // Oldest first, as written, without their newlines; also one that has no newline yet.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  void end_line();

  std::deque<std::string> whole_;
  std::size_t bytes_ = 0;  // of whole_
  std::string open_;
};

}  // namespace superd::daemon
