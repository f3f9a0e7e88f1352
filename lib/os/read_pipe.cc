#include "os/read_pipe.h"

#include <array>
#include <cerrno>

#include <unistd.h>

namespace superd::os {

PipeState read_pipe(int fd, std::size_t limit, const std::function<void(std::string_view)>& take) {
  std::array<char, 16384> buffer;
  for (std::size_t read = 0; read < limit;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return PipeState::open;
    if (got <= 0) return PipeState::closed;
    take({buffer.data(), static_cast<std::size_t>(got)});
    read += static_cast<std::size_t>(got);
  }
  return PipeState::open;
}

}  // namespace superd::os
