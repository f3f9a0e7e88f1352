#include "logs/glance.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "os/output_pipe.h"
#include "os/splice.h"

namespace superd::logs {

bool Glance::open() {
  if (pipe_) return true;
  Result<UniqueFd> made = os::make_transit_pipe();
  if (!made) return false;
  pipe_ = std::move(*made);
  return true;
}

std::optional<ssize_t> Glance::copy(int pipe, std::size_t most) {
  clear();
  if (!open()) return std::nullopt;
  const ssize_t count = os::tee(pipe, pipe_.get(), most);
  left_ = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  return count;
}

void Glance::skip(std::size_t bytes) {
  const std::size_t wanted = std::min(bytes, left_);
  if (wanted == 0) return;
  left_ -= wanted;
  if (os::throw_away(pipe_.get(), wanted) == wanted) return;
  pipe_.reset();
  left_ = 0;
}

std::string_view Glance::read(std::span<char> buffer) {
  const std::size_t wanted = std::min(buffer.size(), left_);
  if (wanted == 0) return {};
  ssize_t count = 0;
  do {
    count = ::read(pipe_.get(), buffer.data(), wanted);
  } while (count < 0 && errno == EINTR);
  const auto got = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  left_ -= got;
  return {buffer.data(), got};
}

void Glance::clear() { skip(left_); }

}  // namespace superd::logs
