#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "logs/recording.h"
#include "os/output_pipe.h"
#include "os/splice.h"

namespace superd::logs {
namespace {

// What the tail is made of where nothing else has to be seen: as much as it keeps, and before it
// the line that this begins in.
constexpr std::size_t kEnough = 2 * TailRing::kMaxBytes;

// Of the last bytes of a stream: whole lines, where there are any.
std::string_view last_lines(std::string_view bytes) {
  std::size_t newline =
      bytes.rfind('\n', bytes.size() - std::min(bytes.size(), TailRing::kMaxBytes));
  if (newline == std::string_view::npos) newline = bytes.find('\n');
  return newline == std::string_view::npos ? bytes : bytes.substr(newline + 1);
}

}  // namespace

void Recording::take_transit(std::vector<UniqueFd>& pipes) {
  UniqueFd given;
  if (pipes.size() > 1) {
    given = std::move(pipes.back());
    pipes.pop_back();
  }
  if (!file_) return;
  if (!given) {
    Result<UniqueFd> made = os::make_transit_pipe();
    // By way of this process then.
    if (!made) return log::warn("{}: {}", capture_.worker, made.error().message);
    given = std::move(*made);
  }
  transit_ = std::make_shared<const UniqueFd>(std::move(given));
}

// What a process before this one has taken, and not written.
void Recording::go_on_in_transit() {
  if (!transit_ || pipes_.empty()) return;
  const std::size_t bytes = os::bytes_in(transit_->get());
  if (bytes == 0) return;
  Pipe& pipe = *pipes_.front();
  const std::optional<ssize_t> seen = workbench_.glance.copy(transit_->get(), bytes);
  if (seen && *seen > 0) look(pipe, static_cast<std::size_t>(*seen));
  file_->pass(transit_, wall_clock());
}

// As ::read() has it.
ssize_t Recording::pass(Pipe& pipe, std::size_t most) {
  // Only where it is lost otherwise may a file that is not ready be passed by: see may_read().
  const bool to_file = file_->ready();
  const std::optional<ssize_t> seen = workbench_.glance.copy(pipe.fd.get(), most);
  if (seen && *seen <= 0) return *seen;
  if (seen) most = static_cast<std::size_t>(*seen);
  const ssize_t moved = to_file ? os::splice(pipe.fd.get(), transit_->get(), most)
                                : static_cast<ssize_t>(os::throw_away(pipe.fd.get(), most));
  if (moved == 0 && (seen || !to_file)) {
    // A shortage, and not the end of the pipe, in which something was seen.
    errno = EAGAIN;
    return -1;
  }
  if (moved <= 0) return moved;
  const auto bytes = static_cast<std::size_t>(moved);
  if (seen) look(pipe, bytes);
  if (to_file) {
    file_->pass(transit_, wall_clock());
  } else {
    file_->lose(bytes, capture_.format);
  }
  return moved;
}

// At the end, of a file that is not ready: it follows when that is.
void Recording::pass_rest(Pipe& pipe) {
  const std::size_t bytes = os::bytes_in(pipe.fd.get());
  if (bytes == 0) return;
  const std::optional<ssize_t> seen = workbench_.glance.copy(pipe.fd.get(), bytes);
  if (seen && *seen > 0) look(pipe, static_cast<std::size_t>(*seen));
  pipe.poll.reset();
  if (file_->takes(bytes)) {
    file_->pass_rest(transit_, std::move(pipe.fd), bytes, wall_clock());
  } else {
    file_->lose(os::throw_away(pipe.fd.get(), bytes), capture_.format);
  }
}

// The first `bytes` of what the glance has copied.
void Recording::look(Pipe& pipe, std::size_t bytes) {
  const Stamp now = wall_clock();
  const auto sink = [&](std::string_view text, Piece piece) { take_piece(pipe, piece, text, now); };
  Glance& glance = workbench_.glance;
  std::vector<char>& chunk = workbench_.scratch->chunk;
  const bool skips = !matcher_ && bytes > kEnough;
  if (skips) {
    // What has begun ends somewhere in what is left out.
    pipe.assembler.finish(sink);
    glance.skip(bytes - kEnough);
    const std::string_view text = glance.read(std::span(chunk).first(kEnough));
    pipe.assembler.feed(last_lines(text), sink);
  }
  while (!skips && bytes > 0) {
    const std::string_view text =
        glance.read(std::span(chunk).first(std::min(bytes, chunk.size())));
    if (text.empty()) break;
    pipe.assembler.feed(text, sink);
    bytes -= text.size();
  }
  glance.clear();
}

}  // namespace superd::logs
