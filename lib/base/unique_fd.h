#pragma once

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace superd {

// Owns one file descriptor and closes it. Pass it by value to give it away, pass get() to lend it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    // EINTR on close still closes on Linux: never retried.
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

// A second descriptor of the same open file, close-on-exec and above the standard streams; empty
// (errno set) where the process has no descriptor left.
inline UniqueFd duplicate(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

}  // namespace superd
