#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "logs/recording.h"
#include "os/output_pipe.h"
#include "os/splice.h"

namespace superd::logs {
namespace {

// Of the last bytes of a stream: whole lines, where there are any.
std::string_view last_lines(std::string_view bytes) {
  std::size_t newline =
      bytes.rfind('\n', bytes.size() - std::min(bytes.size(), TailRing::kMaxBytes));
  if (newline == std::string_view::npos) newline = bytes.find('\n');
  return newline == std::string_view::npos ? bytes : bytes.substr(newline + 1);
}

}  // namespace

UniqueFd Recording::take_transit(std::vector<UniqueFd>& pipes) const {
  if (pipes.size() > 1) {
    UniqueFd given = std::move(pipes.back());
    pipes.pop_back();
    return given;
  }
  Result<UniqueFd> made = os::make_transit_pipe();
  if (made) return std::move(*made);
  // By way of this process then.
  log::warn("{}: {}", capture_.worker, made.error().message);
  return {};
}

void Recording::make_intake(UniqueFd transit) {
  if (!file_ || !transit || pipes_.empty()) return;
  intake_ = std::make_shared<RawIntake>(pipes_.front()->fd, std::move(transit), workbench_.glance);
  intake_->see_all(matcher_.has_value());
  // What a process before this one has taken, and not written.
  if (intake_->look_at_transit() == 0) return;
  look();
  file_->pass(intake_, wall_clock());
}

// As ::read() has it. Only where it is lost otherwise may a file that is not ready be passed by:
// see may_read().
ssize_t Recording::pass(std::size_t most) {
  const bool to_file = file_->ready();
  const ssize_t count = to_file ? intake_->take(most) : intake_->lose(most);
  if (count <= 0) return count;
  look();
  if (to_file) {
    file_->pass(intake_, wall_clock());
    look();
  } else {
    file_->lose(static_cast<std::size_t>(count), capture_.format);
  }
  return count;
}

// At the end, of a file that is not ready: it follows when that is.
void Recording::pass_rest(Pipe& pipe) {
  intake_->stop();
  const std::size_t bytes = intake_->look_at_pipe();
  look();
  if (bytes == 0) return;
  pipe.poll.reset();
  if (file_->takes(bytes)) {
    file_->pass_rest(intake_, bytes, wall_clock());
  } else {
    file_->lose(os::throw_away(intake_->pipe(), bytes), capture_.format);
  }
}

// For the tail and a match, at what was seen meanwhile.
void Recording::look() {
  if (pipes_.empty()) return;
  const RawIntake::Seen seen = intake_->collect();
  const Stamp now = wall_clock();
  Pipe& pipe = *pipes_.front();
  const auto sink = [&](std::string_view text, Piece piece) { take_piece(pipe, piece, text, now); };
  // What has begun ends somewhere in what was not seen.
  if (seen.behind_unseen) pipe.assembler.finish(sink);
  pipe.assembler.feed(seen.behind_unseen ? last_lines(seen.text) : seen.text, sink);
}

}  // namespace superd::logs
