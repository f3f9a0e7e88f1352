#include "daemon/path_watch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <sys/inotify.h>

#include "base/log.h"
#include "core/glob.h"

namespace superd::daemon {
namespace {

// More than these, and everything is looked at again.
constexpr std::size_t kMostMeanwhile = 4096;
constexpr std::size_t kMostDeleted = 4096;
constexpr std::chrono::minutes kOverflowTold{1};

bool concerns(const Interest& interest, const core::Ignore& ignore, const os::InotifyEvent& event) {
  const auto kind =
      (event.mask & IN_ISDIR) != 0 ? core::EntryKind::directory : core::EntryKind::file;
  switch (interest.kind) {
    case Interest::Kind::name:
      return event.name == interest.text;
    case Interest::Kind::pattern:
      return core::match_name(interest.text, event.name, core::HiddenNames::by_dot_alone) &&
             !ignore.matches_name(event.name, kind);
    case Interest::Kind::tree:
      return !ignore.matches_name(event.name, kind);
  }
  std::abort();
}

}  // namespace

PathWatch::PathWatch(loop::Loop& loop, LookTurns& turns, std::string name,
                     std::vector<Subject> subjects, Callbacks callbacks)
    : loop_(loop),
      turns_(turns),
      name_(std::move(name)),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { arm(); }),
      slow_(loop, [this] {
        log::warn(
            "{}: looking at the paths of its triggers takes very long: does the file system "
            "answer?",
            name_);
      }) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  for (Subject& subject : subjects) {
    subject.order.first_look_ns = std::chrono::nanoseconds(since_1970).count();
    const core::Duration settle = subject.settle;
    auto before = std::move(subject.before);
    states_.push_back({.subject = std::make_shared<const Subject>(std::move(subject)),
                       .settle = core::Settle(settle),
                       .before = std::move(before),
                       .early = loop::now()});
  }
  open();
  arm();
}

PathWatch::~PathWatch() {
  if (ticket_) turns_.give_back(*ticket_);
}

void PathWatch::open() {
  Result<os::Inotify> inotify = os::Inotify::create();
  if (!inotify) {
    no_inotify_ = inotify.error().code == EMFILE
                      ? "there are as many inotify instances as there may be: raise "
                        "fs.inotify.max_user_instances"
                      : inotify.error().message;
    return;
  }
  auto shared = std::make_shared<os::Inotify>(std::move(*inotify));
  auto poll = loop::Poll::readable(loop_, shared->fd(), [this] { on_readable(); });
  if (!poll) {
    no_inotify_ = poll.error().message;
    return;
  }
  no_inotify_.reset();
  inotify_ = std::move(shared);
  poll_.emplace(std::move(*poll));
}

void PathWatch::on_readable() {
  for (;;) {
    const Result<std::vector<os::InotifyEvent>> events = inotify_->read();
    if (!events) {
      log::error("{}: {}", name_, events.error().message);
      note_all();
      break;
    }
    if (events->empty()) break;
    for (const os::InotifyEvent& event : *events) take(event);
  }
  arm();
}

void PathWatch::take(const os::InotifyEvent& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    const core::TimePoint now = loop::now();
    if (!overflow_told_ || now - *overflow_told_ > kOverflowTold) {
      overflow_told_ = now;
      log::warn(
          "{}: more changes than the kernel could keep (fs.inotify.max_queued_events): all "
          "paths of its triggers are looked at",
          name_);
    }
    return note_all();
  }
  for (State& state : states_) tell(state, event);
  // The look in hand may have put the watch.
  if (rounds_.empty()) return;
  if (meanwhile_.size() < kMostMeanwhile) {
    meanwhile_.push_back(event);
  } else {
    for (const Round& round : rounds_) states_[round.subject].settle.note(loop::now());
  }
}

void PathWatch::tell(State& state, const os::InotifyEvent& event) {
  const core::TimePoint now = loop::now();
  // A range of its own (equal_range) is more than clang 14 makes of this library.
  const auto end = std::ranges::upper_bound(state.interests, event.watch, {}, &Interest::watch);
  for (auto at = std::ranges::lower_bound(state.interests, event.watch, {}, &Interest::watch);
       at != end; ++at) {
    const Interest& interest = *at;
    if ((event.mask & (IN_IGNORED | IN_UNMOUNT)) != 0) {
      if (std::ranges::binary_search(watched_, event.watch)) state.settle.note(now);
      continue;
    }
    // Of the directory itself: it may have become readable.
    const bool matters = event.name.empty()
                             ? state.unseen.has_value()
                             : concerns(interest, state.subject->order.ignore, event);
    if (!matters) continue;
    state.settle.note(now);
    if ((event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0 && state.deleted.size() < kMostDeleted) {
      state.deleted.push_back(core::hash_path(interest.directory, event.name));
    }
    // What goes on in a new directory is not seen before it is watched.
    const bool new_directory =
        (event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    if (!new_directory) continue;
    const core::TimePoint soon =
        now + std::max<core::Duration>(core::Settle::kLeast, 4 * state.took);
    state.early = state.early ? std::min(*state.early, soon) : soon;
  }
}

void PathWatch::note_all() {
  for (State& state : states_) state.settle.note(loop::now());
}

void PathWatch::hurry() {
  if (inotify_) on_readable();
  hurried_ = has_news();
  arm();
}

bool PathWatch::has_news() const {
  return std::ranges::any_of(states_,
                             [](const State& state) { return state.settle.due().has_value(); });
}

}  // namespace superd::daemon
