#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
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
  if (seen && *seen > 0) look(pipe, static_cast<std::size_t>(*seen), false);
  file_->pass(transit_, wall_clock());
}

// As ::read() has it. Only where it is lost otherwise may a file that is not ready be passed by:
// see may_read().
ssize_t Recording::pass(Pipe& pipe, std::size_t most) {
  const bool to_file = file_->ready();
  const auto move = [&](std::size_t bytes) -> ssize_t {
    if (to_file) return os::splice(pipe.fd.get(), transit_->get(), bytes);
    return static_cast<ssize_t>(os::throw_away(pipe.fd.get(), bytes));
  };
  const std::size_t waiting = std::min(os::bytes_in(pipe.fd.get()), most);
  // Bytes that neither the tail nor a match can need.
  std::size_t unseen = 0;
  if (!matcher_ && waiting > kEnough) {
    const ssize_t moved = move(waiting - kEnough);
    if (moved > 0) unseen = static_cast<std::size_t>(moved);
  }
  if (unseen > 0) most = unseen + kEnough;
  const std::optional<ssize_t> seen = workbench_.glance.copy(pipe.fd.get(), most - unseen);
  ssize_t moved = seen.value_or(1);
  if (moved > 0) moved = move(seen ? static_cast<std::size_t>(*seen) : most - unseen);
  if (moved > 0 && seen) look(pipe, static_cast<std::size_t>(moved), unseen > 0);
  if (moved < 0 || (moved == 0 && (seen ? *seen > 0 : !to_file))) {
    // Nothing there, or no room, or a shortage: not the end of the pipe, to which this comes again.
    errno = EAGAIN;
    moved = -1;
  }
  const std::size_t bytes = unseen + static_cast<std::size_t>(std::max<ssize_t>(moved, 0));
  if (bytes == 0) return moved;
  if (to_file) {
    file_->pass(transit_, wall_clock());
  } else {
    file_->lose(bytes, capture_.format);
  }
  return static_cast<ssize_t>(bytes);
}

// At the end, of a file that is not ready: it follows when that is.
void Recording::pass_rest(Pipe& pipe) {
  const std::size_t bytes = os::bytes_in(pipe.fd.get());
  if (bytes == 0) return;
  const std::optional<ssize_t> seen = workbench_.glance.copy(pipe.fd.get(), bytes);
  if (seen && *seen > 0) look(pipe, static_cast<std::size_t>(*seen), false);
  pipe.poll.reset();
  if (file_->takes(bytes)) {
    file_->pass_rest(transit_, std::move(pipe.fd), bytes, wall_clock());
  } else {
    file_->lose(os::throw_away(pipe.fd.get(), bytes), capture_.format);
  }
}

// The first `bytes` of what the glance has copied; `behind_unseen`: others came before.
void Recording::look(Pipe& pipe, std::size_t bytes, bool behind_unseen) {
  const Stamp now = wall_clock();
  const auto sink = [&](std::string_view text, Piece piece) { take_piece(pipe, piece, text, now); };
  std::vector<char>& chunk = workbench_.scratch->chunk;
  // What has begun ends somewhere in what was not seen.
  if (behind_unseen) pipe.assembler.finish(sink);
  while (bytes > 0) {
    const std::string_view text =
        workbench_.glance.read(std::span(chunk).first(std::min(bytes, chunk.size())));
    if (text.empty()) break;
    pipe.assembler.feed(std::exchange(behind_unseen, false) ? last_lines(text) : text, sink);
    bytes -= text.size();
  }
  workbench_.glance.clear();
}

}  // namespace superd::logs
