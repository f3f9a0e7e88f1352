#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "logs/protocol.h"
#include "loop/loop.h"

namespace superd::logs {

// The supervisor's end towards the logger. Nothing here blocks or fails: where the logger is away
// or stuck, captures are asked for again later (on_captures) and questions get "no answer".
//
//   LoggerClient logger(loop, {.on_captures = [&](const auto& spawns) { reconcile(spawns); }});
//   logger.set_channel(std::move(peer_fd));          // at every `peer` message of the keeper
//   logger.capture({.spawn = …, …}, std::move(fds)); // at every start of a worker
//   logger.tail(spawn, 20, [](std::optional<std::vector<Line>> lines) { … });
//   logger.finish(spawn);                            // its tree is gone
class LoggerClient {
 public:
  // Nothing: no answer (logger away, or slower than the timeout).
  using LinesCallback = std::function<void(std::optional<std::vector<Line>> lines)>;

  struct Options {
    loop::Duration timeout = std::chrono::seconds(2);
    // What the logger captures at this moment, told after each set_channel(), and after something
    // was lost on the way, there or back: once the channel is free, or a second later. The
    // supervisor calls capture() for every living spawn that is missing (with descriptors that it
    // gets from the keeper) and finish() for every spawn that is none of its.
    std::function<void(const std::vector<core::SpawnId>& spawns)> on_captures = {};
    // A line has what Capture::match looks for. Told once for each such capture() at most, also
    // after a stop_matching() that crossed it on the way.
    //
    // A logger that was killed looks on with the capture() that follows: no line that was still in
    // the pipe is missed. One that it had read and not matched yet is: what the dead logger had
    // taken in its last read, and the beginning of a line that had not ended. Of format raw what it
    // had taken and not written is looked at again.
    std::function<void(core::SpawnId spawn)> on_matched = {};
    // See Finished. Told for each finish(), unless the logger dies: its successor does not know the
    // spawn.
    std::function<void(core::SpawnId spawn)> on_finished = {};
    // See Counted.
    std::function<void(const Counted& counted)> on_counted = {};
    // There has been no channel for a second; told each second until there is one.
    std::function<void()> on_alone = {};
  };

  // Destroyed before the loop; not from within its callbacks.
  LoggerClient(loop::Loop& loop, Options options);
  ~LoggerClient();
  LoggerClient(const LoggerClient&) = delete;
  LoggerClient& operator=(const LoggerClient&) = delete;

  // The fresh pair's end. Questions open on the old channel get no answer.
  void set_channel(UniqueFd socket);
  [[nodiscard]] bool connected() const;

  // `fds`: the read ends, duplicates that the client may close once they are sent. Without a
  // channel nothing happens but that.
  void capture(const Capture& capture, std::vector<UniqueFd> fds);
  void stop_matching(core::SpawnId spawn);
  void finish(core::SpawnId spawn);

  // Each callback is called exactly once, later, never from within the call; not at all if the
  // client is destroyed before.
  void tail(core::SpawnId spawn, int lines, LinesCallback on_lines);
  // `only`: see Read.
  void read(std::vector<Source> sources, int lines, Stream only, LinesCallback on_lines);
  // A reading that goes on (see Read).
  void read_on(std::vector<Source> sources, Stream only, LinesCallback on_lines);
  // Empty lines: everything that was in the pipes is in the files.
  void sync(LinesCallback on_done);
  // Empty lines: every log file that is written to was opened anew.
  void reopen(LinesCallback on_done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace superd::logs
