#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace superd::os {

enum class PipeState {
  open,    // more may come
  closed,  // nothing more comes: the last writer has gone, or the pipe cannot be read
};

// Hands on what a pipe that does not block holds now, about `limit` bytes at most.
PipeState read_pipe(int fd, std::size_t limit, const std::function<void(std::string_view)>& take);

}  // namespace superd::os
