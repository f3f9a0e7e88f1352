#include <algorithm>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "logs/glance.h"
#include "logs/rotating_file.h"
#include "os/splice.h"

namespace superd::logs {

bool RotatingFile::pass(int pipe, Stamp now, Rest rest) {
  const std::size_t bytes = os::bytes_in(pipe);
  const std::size_t passed = pass_some(pipe, bytes, now);
  if (passed == bytes) return true;
  if (rest == Rest::keep) return false;
  const std::size_t gone = os::throw_away(pipe, bytes - passed);
  lose(gone);
  return passed + gone == bytes;
}

std::size_t RotatingFile::pass_some(int pipe, std::size_t bytes, Stamp now) {
  if (bytes == 0) return 0;
  if (!ensure_open(now)) return 0;
  if (lost_ > 0 && !append_marker(core::LogFormat::raw, now)) return 0;
  return distribute(
      bytes,
      {.fitting = [&](std::size_t done) { return fitting_of(pipe, bytes - done); },
       .append = [&](std::size_t, std::size_t take) { return append_from(pipe, take, now); }},
      now);
}

// As fitting() has it for the same bytes in memory, of which only those have to be seen that the
// last line end may be among.
std::size_t RotatingFile::fitting_of(int pipe, std::size_t bytes) const {
  if (limits_.max_size == 0 || bytes <= room()) return bytes;
  std::string head(static_cast<std::size_t>(room()), '\0');
  Glance glance;
  if (!head.empty()) glance.copy(pipe, head.size());
  const std::size_t seen = glance.read(head).size();
  const std::size_t lines = head.rfind('\n', seen == 0 ? 0 : seen - 1) + 1;
  if (lines > 0) return lines;
  if (seen > 0 && seen < head.size()) return seen;
  return size_ > 0 && at_line_end_ ? 0 : head.size();
}

bool RotatingFile::set_writing(Writing how) {
  if (writing_ == how) return true;
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  const int wanted = how == Writing::at_the_end ? flags | O_APPEND : flags & ~O_APPEND;
  if (flags < 0 || ::fcntl(fd_.get(), F_SETFL, wanted) != 0) return false;
  writing_ = how;
  return true;
}

// How many bytes of the pipe are in the file now. The kernel takes out of the pipe what the file
// has taken, also where a signal or an error ends it half-way.
std::size_t RotatingFile::append_from(int pipe, std::size_t bytes, Stamp now) {
  std::size_t done = 0;
  int error = set_writing(Writing::at_an_offset) ? 0 : EINVAL;
  while (error == 0 && done < bytes) {
    // Others may have cut it since.
    loff_t end = ::lseek(fd_.get(), 0, SEEK_END);
    if (end < 0) {
      error = errno;
      continue;
    }
    size_ = static_cast<std::uint64_t>(end);
    const ssize_t count = ::splice(pipe, nullptr, fd_.get(), &end, bytes - done, SPLICE_F_NONBLOCK);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      error = count < 0 ? errno : EIO;
      continue;
    }
    done += static_cast<std::size_t>(count);
    size_ += static_cast<std::uint64_t>(count);
    options_.counter->bytes += static_cast<std::uint64_t>(count);
  }
  if (done > 0) at_line_end_ = ends_with_newline();
  if (error == EINVAL) return done + copy_from(pipe, bytes - done, now);
  if (error != 0) cannot_write(error, now);
  return done;
}

// What is not in the file yet stays in the pipe.
std::size_t RotatingFile::copy_from(int pipe, std::size_t bytes, Stamp now) {
  constexpr std::size_t kMost = std::size_t{64} * 1024;
  std::string chunk(std::min(bytes, kMost), '\0');
  Glance glance;
  std::size_t done = 0;
  while (done < bytes) {
    glance.copy(pipe, std::min(bytes - done, kMost));
    const std::string_view seen = glance.read(chunk);
    if (seen.empty()) {
      cannot_write(EMFILE, now);
      break;
    }
    const std::size_t written = append(seen, core::LogFormat::raw, now);
    done += os::throw_away(pipe, written);
    if (written < seen.size()) break;
  }
  return done;
}

}  // namespace superd::logs
