#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/spec.h"
#include "logs/patience.h"
#include "logs/raw_intake.h"
#include "logs/rotating_file.h"
#include "logs/stamp.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"

namespace superd::logs {

// One worker's log file as the loop sees it. All that touches the disk is a job in the thread pool,
// one at a time, in the order in which they were asked for. The loop waits a moment for each, so
// that on a disk that is well what was asked for is done at the return; one that takes longer is
// left alone. A job that takes kLate makes the file late: then nothing waits for it any more.
class FileWriter {
 public:
  static constexpr loop::Duration kLate = std::chrono::seconds(1);
  // What waits for a job that takes long, at most, beside one block that may be longer; more is
  // lost.
  static constexpr std::size_t kMostWaiting = std::size_t{1} << 20;

  struct Options {
    // See RotatingFile.
    std::string worker = {};
    std::shared_ptr<LogCounter> counter = std::make_shared<LogCounter>();
    std::function<void()> on_rotated = nullptr;
    // Nothing is left to do; called at the end of a job that was not waited for as well.
    std::function<void()> on_idle = nullptr;
  };

  // Touches nothing yet. `path` is absolute. `patience` and the loop outlive it; a job that hangs
  // does too, and touches nothing of it.
  FileWriter(loop::Loop& loop, Patience& patience, std::string path, RotatingFile::Limits limits,
             Options options);

  void set_limits(RotatingFile::Limits limits);
  // What becomes of bytes that the file cannot take: with `keep` they are tried again and again.
  void set_rest(RotatingFile::Rest rest);

  // See RotatingFile; `owner` keeps `block` where it is.
  void write(std::string_view block, std::shared_ptr<const void> owner, core::LogFormat format,
             Stamp now);
  // Format raw: what is in the transit pipe, see RotatingFile::pass(), and for some milliseconds
  // what take_more() brings there.
  void pass(std::shared_ptr<RawIntake> intake, Stamp now);
  // And by way of it what is in the worker's pipe, `bytes` of them; takes(bytes) was asked before.
  void pass_rest(std::shared_ptr<RawIntake> intake, std::size_t bytes, Stamp now);
  // Whether so many bytes may wait. Where they may not, the caller throws them away, and tells.
  [[nodiscard]] bool takes(std::size_t bytes) const {
    return !late_ && (waiting_ == 0 || waiting_ + bytes <= kMostWaiting);
  }
  void lose(std::size_t bytes, core::LogFormat format);
  // Nobody was there to read them; the file tells at once.
  void lose_unread(std::size_t bytes, core::LogFormat format);
  void prepare(Stamp now);
  void reopen(Stamp now, std::function<void()> done);
  // If bytes were lost, says so now.
  void settle(core::LogFormat format, Stamp now);
  // Anything else that must not meet a write: `job` in another thread, then `done`.
  void run(std::function<void()> job, std::function<void()> done);

  // Everything is done: the next write begins at once, and blocks that were written are not used
  // any more.
  [[nodiscard]] bool ready() const { return tasks_.empty(); }
  // Hangs: what is written now is lost, and counted.
  [[nodiscard]] bool late() const { return late_; }
  // Ready, and nothing that it would have to tell.
  [[nodiscard]] bool forgettable() const;
  // Bytes; 0 while it is not ready.
  [[nodiscard]] std::uint64_t untold_loss() const { return ready() ? file_->untold_loss() : 0; }
  [[nodiscard]] std::shared_ptr<const RotatingFile::Turns> turns() const { return turns_; }
  [[nodiscard]] LogCounter& counter() const { return *options_.counter; }

  // Called when ready() or late() has become true, from the loop alone, until it is replaced with
  // nothing. `who` only tells several apart.
  void on_change(const void* who, std::function<void()> callback);

 private:
  // False: it is to be tried again after a pause.
  using Job = std::function<bool(RotatingFile&, RotatingFile::Rest)>;
  struct Task {
    Job job;
    std::size_t bytes = 0;
    std::function<void()> done = nullptr;
  };

  void add(Task task);
  void go_on();
  void ended(bool whole);
  void tell_change();
  void tell_lost();
  void tell_loss_later();

  loop::Loop& loop_;
  Patience& patience_;
  Options options_;
  RotatingFile::Limits limits_;
  // Touched by jobs alone, but for what ready() allows.
  std::shared_ptr<RotatingFile> file_;
  std::shared_ptr<const RotatingFile::Turns> turns_;
  RotatingFile::Rest rest_ = RotatingFile::Rest::drop;
  // The first one is being done, or waits for retry_.
  std::deque<Task> tasks_;
  std::size_t waiting_ = 0;  // bytes
  bool going_on_ = false;
  bool late_ = false;
  std::uint32_t rotated_ = 0;
  std::size_t lost_ = 0;  // while it was late
  core::LogFormat format_ = core::LogFormat::cri;
  std::map<const void*, std::function<void()>> on_change_;
  loop::Timer late_timer_;
  loop::Timer retry_;
  loop::Timer tell_;
  loop::Duration tell_after_;
  std::optional<loop::Work> work_;
};

}  // namespace superd::logs
