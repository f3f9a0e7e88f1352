#include "logs/raw_intake.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <fcntl.h>

#include "logs/tail_ring.h"
#include "os/splice.h"

namespace superd::logs {
namespace {

// What the tail is made of where nothing else has to be seen: as much as it keeps, and before it
// the line that this begins in.
constexpr std::size_t kEnough = 2 * TailRing::kMaxBytes;
// What a place in a pipe holds. Bytes of one that is cut need two of the next pipe's, and may find
// no room there.
constexpr std::size_t kPage = 4096;

std::size_t size_of(int pipe) {
  return static_cast<std::size_t>(std::max(::fcntl(pipe, F_GETPIPE_SZ), 0));
}

}  // namespace

RawIntake::RawIntake(std::shared_ptr<const UniqueFd> pipe, UniqueFd transit,
                     std::shared_ptr<SharedGlance> glance)
    : pipe_(std::move(pipe)),
      transit_(std::move(transit)),
      glance_(std::move(glance)),
      much_(size_of(pipe_->get()) / 4) {}

void RawIntake::see_all(bool all) {
  const std::scoped_lock lock(glance_->mutex);
  see_all_ = all;
}

ssize_t RawIntake::take(std::size_t most) {
  const std::scoped_lock lock(glance_->mutex);
  return pass(To::transit, most);
}

ssize_t RawIntake::lose(std::size_t most) {
  const std::scoped_lock lock(glance_->mutex);
  return pass(To::nowhere, most);
}

bool RawIntake::take_more() {
  const std::scoped_lock lock(glance_->mutex);
  if (stopped_ || see_all_ || os::bytes_in(pipe()) < much_) return false;
  const bool taken = pass(To::transit, size_of(transit())) > 0;
  if (seen_.text.size() > 2 * kEnough) {
    seen_.text.erase(0, seen_.text.size() - kEnough);
    seen_.behind_unseen = true;
  }
  return taken;
}

void RawIntake::stop() {
  const std::scoped_lock lock(glance_->mutex);
  stopped_ = true;
}

std::size_t RawIntake::look_at_transit() { return look_at(transit()); }

std::size_t RawIntake::look_at_pipe() { return look_at(pipe()); }

std::size_t RawIntake::look_at(int pipe) {
  const std::scoped_lock lock(glance_->mutex);
  const std::size_t bytes = os::bytes_in(pipe);
  std::string text;
  if (bytes > 0) {
    const bool seen = copy(pipe, bytes, text).has_value();
    add(text, !seen);
  }
  return bytes;
}

RawIntake::Seen RawIntake::collect() {
  const std::scoped_lock lock(glance_->mutex);
  return std::exchange(seen_, {});
}

ssize_t RawIntake::move(To where, std::size_t most) const {
  if (where == To::transit) return os::splice(pipe(), transit(), most);
  return static_cast<ssize_t>(os::throw_away(pipe(), most));
}

ssize_t RawIntake::pass(To where, std::size_t most) {
  const std::size_t waiting = std::min(os::bytes_in(pipe()), most);
  std::size_t unseen = 0;
  if (!see_all_ && waiting > kEnough + kPage) {
    const std::size_t wanted = (waiting - kEnough) / kPage * kPage;
    unseen = static_cast<std::size_t>(std::max<ssize_t>(move(where, wanted), 0));
    if (unseen > 0) most = unseen + kEnough + kPage;
  }
  std::string text;
  const std::optional<ssize_t> seen = copy(pipe(), most - unseen, text);
  ssize_t moved = seen.value_or(1);
  if (moved > 0) moved = move(where, seen ? static_cast<std::size_t>(*seen) : most - unseen);
  const std::size_t bytes = static_cast<std::size_t>(std::max<ssize_t>(moved, 0));
  add(std::string_view(text).substr(0, bytes), unseen > 0 || (!seen && bytes > 0));
  if (unseen + bytes > 0) return static_cast<ssize_t>(unseen + bytes);
  // At the end of the pipe the copy is empty. All else is nothing there, no room, or a shortage.
  if (moved == 0 && (seen ? *seen == 0 : where == To::transit)) return 0;
  errno = EAGAIN;
  return -1;
}

std::optional<ssize_t> RawIntake::copy(int pipe, std::size_t most, std::string& text) {
  Glance& glance = glance_->glance;
  const std::optional<ssize_t> count = glance.copy(pipe, most);
  if (!count || *count <= 0) return count;
  text.resize(static_cast<std::size_t>(*count));
  text.resize(glance.read(text).size());
  glance.clear();
  return count;
}

void RawIntake::add(std::string_view text, bool behind_unseen) {
  if (behind_unseen) seen_ = {.text = "", .behind_unseen = true};
  seen_.text += text;
}

}  // namespace superd::logs
