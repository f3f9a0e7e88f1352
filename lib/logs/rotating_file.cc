#include "logs/rotating_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "logs/line_format.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

constexpr auto kTellEvery = std::chrono::seconds(10);

// Up to and with the last newline in the text; 0 where there is none.
std::size_t whole_lines(std::string_view text) { return text.rfind('\n') + 1; }

std::string reason(int code) { return std::generic_category().message(code); }

}  // namespace

RotatingFile::RotatingFile(std::string path, Limits limits, Options options)
    : path_(std::move(path)), limits_(limits), options_(std::move(options)) {}

void RotatingFile::prepare(Stamp now) { ensure_open(now); }

void RotatingFile::reopen(Stamp now) {
  fd_.reset();
  ensure_open(now);
}

std::size_t RotatingFile::write(std::string_view block, core::LogFormat format, Stamp now,
                                Rest rest) {
  const std::size_t done = write_some(block, format, now);
  if (rest == Rest::keep) return done;
  lose(block.size() - done);
  return block.size();
}

std::size_t RotatingFile::write_some(std::string_view block, core::LogFormat format, Stamp now) {
  if (block.empty() && lost_ == 0) return 0;
  if (!ensure_open(now)) return 0;
  if (lost_ > 0 && !append_marker(format, now)) return 0;
  return distribute(
      block.size(),
      {.fitting = [&](std::size_t done) { return fitting(block.substr(done), format); },
       .append = [&](std::size_t done,
                     std::size_t take) { return append(block.substr(done, take), format, now); }},
      now);
}

// To the file and, as it is rotated, to those that follow it.
std::size_t RotatingFile::distribute(std::size_t bytes, const Source& source, Stamp now) {
  std::size_t done = 0;
  while (done < bytes) {
    std::size_t take = source.fitting(done);
    if (take == 0) {
      if (!rotate(now)) take = bytes - done;
      if (!ensure_open(now)) return done;
      if (take == 0) continue;
    }
    const std::size_t written = source.append(done, take);
    done += written;
    if (written < take) return done;
  }
  return done;
}

// What may still be written before the next rotation.
std::uint64_t RotatingFile::room() const {
  const std::uint64_t limit = std::max(limits_.max_size, rotate_from_);
  return limit > size_ ? limit - size_ : 0;
}

// How much of the block goes into this file; 0: rotate first. Never 0 for an empty file.
std::size_t RotatingFile::fitting(std::string_view block, core::LogFormat format) const {
  if (limits_.max_size == 0 || block.size() <= room()) return block.size();
  const auto fits = static_cast<std::size_t>(room());
  const std::size_t lines = whole_lines(block.substr(0, fits));
  if (lines > 0) return lines;
  switch (format) {
    case core::LogFormat::cri:
    case core::LogFormat::json: {
      // A single line that is longer than a file may be has a file for itself.
      const std::size_t newline = block.find('\n');
      return size_ > 0 ? 0 : (newline == std::string_view::npos ? block.size() : newline + 1);
    }
    case core::LogFormat::raw:
      return size_ > 0 && at_line_end_ ? 0 : fits;
  }
  std::abort();
}

bool RotatingFile::rotate(Stamp now) {
  ++*turns_;
  const Status status = rotate_files(path_, limits_.keep);
  ++*turns_;
  if (!status) {
    // The file goes on growing, which loses nothing; the next try is some way off.
    rotate_from_ = size_ + limits_.max_size;
    trouble(status.error().message, status.error().code, now);
    return false;
  }
  fd_.reset();
  return true;
}

bool RotatingFile::ensure_open(Stamp now) {
  if (fd_ && still_in_place()) return true;
  fd_.reset();
  Result<UniqueFd> opened = open_for_append(path_);
  if (!opened) {
    lost_why_ = reason(opened.error().code);
    trouble(opened.error().message, opened.error().code, now);
    return false;
  }
  fd_ = std::move(*opened);
  writing_ = Writing::at_the_end;
  rotate_from_ = 0;
  const off_t end = lseek(fd_.get(), 0, SEEK_END);
  size_ = static_cast<std::uint64_t>(std::max<off_t>(end, 0));
  at_line_end_ = ends_with_newline();
  return true;
}

bool RotatingFile::ends_with_newline() const {
  char last = '\n';
  if (size_ > 0 && pread(fd_.get(), &last, 1, static_cast<off_t>(size_ - 1)) != 1) return true;
  return last == '\n';
}

// Whether the path still leads to the file that is open; its size may have been cut by others.
bool RotatingFile::still_in_place() {
  struct stat open_file {};
  struct stat at_path {};
  if (fstat(fd_.get(), &open_file) != 0 || lstat(path_.c_str(), &at_path) != 0) return false;
  if (open_file.st_dev != at_path.st_dev || open_file.st_ino != at_path.st_ino) return false;
  const auto size = static_cast<std::uint64_t>(at_path.st_size);
  if (size == 0) at_line_end_ = true;
  size_ = size;
  return true;
}

// How many bytes of the block are in the file for good: of what an error cut short only whole lines
// stay where the format has lines.
std::size_t RotatingFile::append(std::string_view block, core::LogFormat format, Stamp now) {
  std::string mended;
  std::string_view rest = block;
  if (is_made_of_lines(format) && !at_line_end_) {
    // Something broke off in the middle of a line: a logger that was killed, another format.
    mended.append("\n").append(block);
    rest = mended;
  }
  const std::string_view all = rest;
  set_writing(Writing::at_the_end);
  while (!rest.empty()) {
    const ssize_t count = ::write(fd_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
  const int error = rest.empty() ? 0 : errno;
  const std::string_view written = all.substr(0, all.size() - rest.size());
  if (!written.empty()) at_line_end_ = written.back() == '\n';
  const std::size_t stays =
      error == 0 || !is_made_of_lines(format) ? written.size() : cut_to_line_end(written);
  options_.counter->bytes += stays;
  if (error == 0) return block.size();
  cannot_write(error, now);
  const std::size_t before = all.size() - block.size();
  return stays - std::min(stays, before);
}

std::size_t RotatingFile::cut_to_line_end(std::string_view written) {
  const std::size_t whole = whole_lines(written);
  const std::size_t torn = written.size() - whole;
  if (torn == 0 || ftruncate(fd_.get(), static_cast<off_t>(size_ - torn)) != 0) return whole;
  size_ -= torn;
  at_line_end_ = true;
  return whole;
}

bool RotatingFile::append_marker(core::LogFormat format, Stamp now) {
  const std::string text = fmt::format("superd: {} bytes lost: {}", lost_, lost_why_);
  std::string line;
  if (is_made_of_lines(format)) {
    append_line(line, format, options_.worker,
                {.time = to_string(now), .stream = Stream::err, .text = text});
  } else {
    line = fmt::format("{}{}\n", at_line_end_ ? "" : "\n", text);
  }
  // The marker's own bytes are nobody's loss.
  if (append(line, format, now) < line.size()) return false;
  lost_ = 0;
  return true;
}

void RotatingFile::lose(std::size_t bytes, std::string why) {
  lost_why_ = std::move(why);
  lose(bytes);
}

void RotatingFile::lose(std::size_t bytes) {
  lost_ += bytes;
  lost_total_ += bytes;
  options_.counter->dropped += bytes;
}

void RotatingFile::cannot_write(int error, Stamp now) {
  lost_why_ = reason(error);
  trouble(fmt::format("cannot write log file {}: {}", path_, lost_why_), error, now);
}

void RotatingFile::trouble(const std::string& message, int code, Stamp now) {
  if (told_ && now - *told_ < kTellEvery && now >= *told_) return;
  told_ = now;
  log::warn("{}{}", message, code == ENOSPC ? "; output waits or is lost until there is room" : "");
}

}  // namespace superd::logs
