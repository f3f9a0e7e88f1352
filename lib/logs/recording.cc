#include "logs/recording.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "logs/line_format.h"
#include "logs/stamp.h"

namespace superd::logs {
namespace {

// A turn of the loop reads this much of a pipe, so that one that is never empty leaves the others
// their time.
constexpr std::size_t kBytesATurn = std::size_t{256} * 1024;
// Of format raw, where they cost the loop next to nothing.
constexpr std::size_t kRawBytesATurn = std::size_t{1} << 20;
// Of short lines their times are most of what is written.
constexpr std::size_t kBlockKept = std::size_t{2} << 20;
// A drain takes several times what the biggest pipe holds; behind that, somebody keeps writing.
constexpr std::size_t kBytesADrain = std::size_t{4} << 20;
constexpr std::chrono::milliseconds kWatchPause{200};

Stream stream_of(std::size_t index, std::size_t count) {
  if (count == 1) return Stream::both;
  return index == 0 ? Stream::out : Stream::err;
}

struct PipeIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const PipeIdentity&, const PipeIdentity&) = default;
};

PipeIdentity identity(const UniqueFd& fd) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return {};
  return {.device = info.st_dev, .inode = info.st_ino};
}

// A handle to read from without blocking. The flag belongs to all who share an open file, and the
// handle that the keeper has is the one that the worker writes to: that one is opened anew.
UniqueFd own_reader(UniqueFd pipe) {
  const int flags = fcntl(pipe.get(), F_GETFL);
  if (flags < 0 || (flags & O_NONBLOCK) != 0) return pipe;
  const std::string path = fmt::format("/proc/self/fd/{}", pipe.get());
  UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (reader) return reader;
  fcntl(pipe.get(), F_SETFL, flags | O_NONBLOCK);
  return pipe;
}

}  // namespace

Recording::Recording(loop::Loop& loop, Capture capture, std::vector<UniqueFd> pipes,
                     std::shared_ptr<FileWriter> file, Workbench& workbench,
                     std::function<void()> on_match)
    : capture_(std::move(capture)),
      file_(std::move(file)),
      workbench_(workbench),
      on_match_(std::move(on_match)) {
  if (file_) {
    file_->prepare(wall_clock());
    file_->on_change(this, [this] { resume(); });
  }
  // Before the first byte is read.
  look_for(capture_.match);
  UniqueFd transit;
  if (capture_.format == core::LogFormat::raw) transit = take_transit(pipes);
  for (UniqueFd& fd : pipes) {
    auto pipe = std::make_unique<Pipe>();
    pipe->fd = std::make_shared<const UniqueFd>(own_reader(std::move(fd)));
    pipe->stream = stream_of(pipes_.size(), pipes.size());
    watch(loop, *pipe);
    pipes_.push_back(std::move(pipe));
  }
  make_intake(std::move(transit));
}

Recording::~Recording() {
  if (file_) file_->on_change(this, nullptr);
}

void Recording::look_for(const std::string& match) {
  if (match.empty()) return stop_matching();
  if (matcher_ && matcher_->text() == match) {
    if (matcher_->matched()) on_match_();
    return;
  }
  Result<Pattern> pattern = Pattern::compile(match);
  // The check of the config has compiled it.
  if (!pattern) {
    return log::error("{}: no line can be looked for: {}", capture_.worker,
                      pattern.error().message);
  }
  // What came out before is not looked at.
  if (intake_) look();
  matcher_.emplace(std::move(*pattern));
  if (intake_) intake_->see_all(true);
}

void Recording::stop_matching() {
  matcher_.reset();
  if (intake_) intake_->see_all(false);
}

void Recording::renew(const Capture& capture) {
  if (file_) file_->set_limits({.max_size = capture.max_size, .keep = capture.keep});
  look_for(capture.match);
  capture_.overflow = capture.overflow;
  resume();
}

void Recording::watch(loop::Loop& loop, Pipe& pipe) {
  Result<loop::Poll> poll = loop::Poll::readable(
      loop, pipe.fd->get(), [this, &pipe] { read(pipe, intake_ ? kRawBytesATurn : kBytesATurn); });
  if (!poll) {
    // What is in the pipe is still taken by the drains.
    if (!pipe.again) {
      log::warn("{}: output is not read as it comes: {}; trying again until it works",
                capture_.worker, poll.error().message);
      pipe.again.emplace(loop, [this, &loop, &pipe] { watch(loop, pipe); });
    }
    return pipe.again->after(kWatchPause);
  }
  pipe.again.reset();
  pipe.poll = std::move(*poll);
}

bool Recording::reads_from(std::span<const UniqueFd> pipes) const {
  // The transit pipe stays the one that there is.
  if (capture_.format == core::LogFormat::raw && pipes.size() > 1) pipes = pipes.first(1);
  if (pipes.size() != pipes_.size()) return false;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    if (identity(pipes[i]) != identity(*pipes_[i]->fd)) return false;
  }
  return true;
}

bool Recording::may_read() const {
  if (!file_ || file_->ready()) return true;
  if (finishing_ && !intake_) return true;
  return file_->late() && capture_.overflow == core::LogOverflow::drop;
}

void Recording::resume() {
  if (intake_) look();
  if (!may_read()) return;
  for (const auto& pipe : pipes_) {
    if (pipe->poll) pipe->poll->watch({.readable = true});
  }
}

void Recording::read(Pipe& pipe, std::size_t budget) {
  while (budget > 0) {
    if (!may_read()) {
      if (pipe.poll) pipe.poll->stop();
      return;
    }
    const std::size_t size = std::min(budget, intake_ ? kRawBytesATurn : kBytesATurn);
    const ssize_t count = intake_ ? pass(size) : copy(pipe, size);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      // Nobody has the other end any more, which would be told again and again.
      pipe.poll.reset();
      return;
    }
    const auto got = static_cast<std::size_t>(count);
    budget -= got;
    // Less than asked for is all there was, where it is not all that the next pipe takes.
    if (got < size && !intake_) return;
  }
}

ssize_t Recording::copy(Pipe& pipe, std::size_t most) {
  std::vector<char>& chunk = workbench_.scratch->chunk;
  ssize_t count = 0;
  do {
    count = ::read(pipe.fd->get(), chunk.data(), std::min(most, chunk.size()));
  } while (count < 0 && errno == EINTR);
  if (count > 0) take(pipe, {chunk.data(), static_cast<std::size_t>(count)});
  return count;
}

void Recording::put(std::string_view what, Stamp now) {
  file_->write(what, workbench_.scratch, capture_.format, now);
  const bool is_big = workbench_.scratch->block.capacity() > kBlockKept;
  if (!file_->ready() || is_big) workbench_.scratch = std::make_shared<Scratch>();
}

void Recording::take_piece(Pipe& pipe, Piece piece, std::string_view text, Stamp now) {
  tail_.push(now, pipe.stream, piece, text);
  if (matcher_ && matcher_->feed(pipe.stream, piece, text)) on_match_();
}

// Whole lines behind the first one, which may have begun earlier, and before as many bytes as the
// tail keeps.
std::string_view Recording::unseen(std::string_view bytes) const {
  if (matcher_ || bytes.size() <= TailRing::kMaxBytes) return bytes.substr(0, 0);
  const std::size_t begin = bytes.find('\n') + 1;
  const std::size_t end = bytes.rfind('\n', bytes.size() - TailRing::kMaxBytes) + 1;
  return begin > 0 && end > begin ? bytes.substr(begin, end - begin) : bytes.substr(0, 0);
}

void Recording::take(Pipe& pipe, std::string_view bytes) {
  const Stamp now = wall_clock();
  const std::string time = to_string(now);
  std::string& block = workbench_.scratch->block;
  block.clear();
  const bool lines = file_ && is_made_of_lines(capture_.format);
  const std::string_view unseen_bytes = unseen(bytes);
  const auto write = [&](std::string_view text, Piece piece) {
    if (piece == Piece::full) ++file_->counter().lines;
    append_line(block, capture_.format, capture_.worker,
                {.time = time, .stream = pipe.stream, .piece = piece, .text = text});
  };
  const auto seen = [&](std::string_view text, Piece piece) {
    take_piece(pipe, piece, text, now);
    if (lines) write(text, piece);
  };
  const auto begin = static_cast<std::size_t>(unseen_bytes.data() - bytes.data());
  pipe.assembler.feed(bytes.substr(0, begin), seen);
  if (lines) pipe.assembler.feed(unseen_bytes, write);
  pipe.assembler.feed(bytes.substr(begin + unseen_bytes.size()), seen);
  if (!file_) return;
  const std::string_view what = lines ? std::string_view(block) : bytes;
  put(what, now);
}

void Recording::take_rest(Pipe& pipe) {
  const Stamp now = wall_clock();
  pipe.assembler.finish([&](std::string_view text, Piece piece) {
    take_piece(pipe, piece, text, now);
    if (!file_ || !is_made_of_lines(capture_.format)) return;
    if (piece == Piece::full) ++file_->counter().lines;
    std::string& block = workbench_.scratch->block;
    block.clear();
    append_line(block, capture_.format, capture_.worker,
                {.time = to_string(now), .stream = pipe.stream, .piece = piece, .text = text});
    put(block, now);
  });
}

void Recording::drain() {
  if (intake_) look();
  for (const auto& pipe : pipes_) read(*pipe, kBytesADrain);
}

void Recording::finish() {
  finishing_ = true;
  drain();
  for (const auto& pipe : pipes_) {
    if (intake_) pass_rest(*pipe);
    take_rest(*pipe);
  }
  pipes_.clear();
  if (file_) file_->settle(capture_.format, wall_clock());
}

std::vector<Line> Recording::last(std::size_t count) const {
  TailRing tail = tail_;
  for (const auto& pipe : pipes_) {
    const std::string_view pending = pipe->assembler.pending();
    if (!pending.empty()) tail.push(wall_clock(), pipe->stream, Piece::full, pending);
  }
  return tail.last(count, capture_.worker);
}

}  // namespace superd::logs
