#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "base/log.h"
#include "keeper/channel.h"
#include "keeper/keeper_state.h"

namespace superd::keeper {

void Keeper::kill_hanging(const Role& role, const AliveWatch& watch) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(watch.patience());
  log::error("the {} (process {}) has not answered for {} s: killed", role.name(), role.pid(),
             seconds.count());
  ::kill(role.pid(), SIGKILL);
}

void Keeper::look_after_supervisor(Clock::time_point now) {
  // The keeper has nothing to say for days.
  log::look_at_file();
  Channel* channel = supervisor_.channel();
  if (channel == nullptr) return;
  switch (watch_.look(now)) {
    case AliveWatch::Verdict::fine:
      return;
    case AliveWatch::Verdict::ask:
      static_cast<void>(channel->send({.op = Op::ping}));
      // In the same moment, so that an idle superd is woken once.
      ask_logger(now);
      return;
    case AliveWatch::Verdict::hangs:
      hung_ = true;
      return kill_hanging(supervisor_, watch_);
  }
  std::abort();
}

void Keeper::ask_logger(Clock::time_point now) {
  Channel* channel = logger_.channel();
  if (channel == nullptr || logger_.replaced() || exit_code_) return;
  static_cast<void>(channel->send({.op = Op::ping}));
  logger_watch_.expect(now);
}

void Keeper::look_after_logger(Clock::time_point now) {
  if (logger_.channel() == nullptr) return;
  switch (logger_watch_.look(now)) {
    case AliveWatch::Verdict::fine:
      return;
    case AliveWatch::Verdict::ask:
      return ask_logger(now);
    case AliveWatch::Verdict::hangs:
      return kill_hanging(logger_, logger_watch_);
  }
  std::abort();
}

// A logger that does not answer is as good as none: nobody reads the pipes.
void Keeper::look_after_output(Clock::time_point now) {
  if (exit_code_) return;
  const auto reads_since = logger_watch_.silent() ? std::nullopt : logger_.alive_since();
  switch (absence_.look(reads_since, now)) {
    case LoggerAbsence::Verdict::nothing:
      return;
    case LoggerAbsence::Verdict::relieve:
      if (relief_.relieve(items_) > 0) absence_.hurry(now);
      return;
    case LoggerAbsence::Verdict::back:
      return tell_lost_output();
  }
  std::abort();
}

void Keeper::tell_lost_output() {
  constexpr auto kMost = std::uint64_t{std::numeric_limits<std::int32_t>::max()};
  Channel* channel = logger_.channel();
  for (const auto& [name, bytes] : relief_.back()) {
    for (std::uint64_t left = bytes; channel != nullptr && left > 0;) {
      const std::uint64_t part = std::min(left, kMost);
      left -= part;
      static_cast<void>(
          channel->send({.op = Op::lost, .value = static_cast<std::int32_t>(part), .name = name}));
    }
  }
}

}  // namespace superd::keeper
