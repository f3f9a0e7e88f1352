#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <sys/types.h>

#include "base/unique_fd.h"

namespace superd::logs {

// Looks at what is in a pipe and leaves it there. What is looked at is copied (by tee, so without
// moving a byte) to a pipe of the glance's own, which is made at the first look and empty between
// two of them.
class Glance {
 public:
  // At most `most` bytes from the front of the pipe, and no more than the own pipe takes. As
  // os::tee() has it; nothing: there is no descriptor for the own pipe.
  std::optional<ssize_t> copy(int pipe, std::size_t most);

  // Of the bytes that were copied, from the front on.
  void skip(std::size_t bytes);
  std::string_view read(std::span<char> buffer);
  // What was copied and not read is forgotten.
  void clear();

 private:
  [[nodiscard]] bool open();

  UniqueFd pipe_;
  std::size_t left_ = 0;
};

}  // namespace superd::logs
