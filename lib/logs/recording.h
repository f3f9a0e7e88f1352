#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "logs/assembler.h"
#include "logs/file_writer.h"
#include "logs/line_matcher.h"
#include "logs/protocol.h"
#include "logs/raw_intake.h"
#include "logs/stamp.h"
#include "logs/tail_ring.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"

namespace superd::logs {

// Memory for one chunk on its way from a pipe to a file, used by all recordings in turn; where a
// file still has it, the next one gets another.
struct Scratch {
  std::vector<char> chunk = std::vector<char>(std::size_t{256} * 1024);
  std::string block;
};

// What all recordings use in turn, in the loop.
struct Workbench {
  std::shared_ptr<Scratch> scratch = std::make_shared<Scratch>();  // never empty
  std::shared_ptr<RawIntake::SharedGlance> glance = std::make_shared<RawIntake::SharedGlance>();
};

// The capture of one spawn's output: reads its pipes whenever something is in them, a bounded
// amount a turn, and passes it on to the file, to the tail and to who waits for a line.
//
// Of format raw nothing comes into this process but what the tail and a line that is looked for
// need to see (RawIntake). A kill of this process loses none.
class Recording {
 public:
  // `pipes`: one for raw, and behind it the transit pipe, without which one is made that dies with
  // this process; stdout and stderr, or one for both, for cri and json. One that blocks is opened
  // anew, so that the handle which the worker shares stays as it is. Without a `file` nothing is
  // written. `workbench` outlives the recording. `on_match` tells of Capture::match, as renew()
  // does.
  Recording(loop::Loop& loop, Capture capture, std::vector<UniqueFd> pipes,
            std::shared_ptr<FileWriter> file, Workbench& workbench, std::function<void()> on_match);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // Whether these are read ends of the pipes that are recorded.
  [[nodiscard]] bool reads_from(std::span<const UniqueFd> pipes) const;
  [[nodiscard]] const Capture& capture() const { return capture_; }
  // Another capture of the same pipes: takes its limits, and what it looks for.
  void renew(const Capture& capture);
  void stop_matching();

  // Takes what is in the pipes now; of a pipe that is filled all the time, a bounded amount, and
  // nothing while the file is not ready for it. With overflow = drop a file that is late holds up
  // nothing: what is read then is lost, and counted.
  void drain();
  // Drains, writes what has no newline, and closes the pipes, whatever the file can take now: what
  // is beyond FileWriter::kMostWaiting is lost, and counted.
  void finish();

  // With what has no newline yet.
  [[nodiscard]] std::vector<Line> last(std::size_t count) const;
  TailRing take_tail() { return std::move(tail_); }

 private:
  struct Pipe {
    // Before the poll, so that it is closed after it.
    std::shared_ptr<const UniqueFd> fd;
    Stream stream = Stream::both;
    LineAssembler assembler;
    std::optional<loop::Poll> poll;
    std::optional<loop::Timer> again;  // there is no poll yet
  };

  void watch(loop::Loop& loop, Pipe& pipe);
  void put(std::string_view what, Stamp now);
  [[nodiscard]] bool may_read() const;
  void resume();
  void read(Pipe& pipe, std::size_t budget);
  ssize_t copy(Pipe& pipe, std::size_t most);
  void take(Pipe& pipe, std::string_view bytes);
  void take_rest(Pipe& pipe);
  void take_piece(Pipe& pipe, Piece piece, std::string_view text, Stamp now);
  // What of these bytes neither the tail nor a match can need.
  [[nodiscard]] std::string_view unseen(std::string_view bytes) const;
  void look_for(const std::string& match);

  // recording_raw.cc
  [[nodiscard]] UniqueFd take_transit(std::vector<UniqueFd>& pipes) const;
  void make_intake(UniqueFd transit);
  ssize_t pass(std::size_t most);
  void pass_rest(Pipe& pipe);
  void look();

  Capture capture_;
  std::shared_ptr<FileWriter> file_;
  bool finishing_ = false;
  Workbench& workbench_;
  // Of format raw with a file.
  std::shared_ptr<RawIntake> intake_;
  TailRing tail_;
  std::function<void()> on_match_;
  std::optional<LineMatcher> matcher_;
  std::vector<std::unique_ptr<Pipe>> pipes_;
};

}  // namespace superd::logs
