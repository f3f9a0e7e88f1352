#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "loop/loop.h"
#include "loop/work.h"

namespace superd::logs {

// Compresses rotated files in another thread of low priority, one at a time: PATH.N becomes
// PATH.N.gz. Rotations go on meanwhile; a file that they drop is given up. What could not be
// compressed stays as it is, and is tried again when its log rotates the next time.
class Compressor {
 public:
  // Runs a job, in any thread, when nothing else is done to the log at `path` or its rotated files,
  // and calls `done` in the loop.
  using Alone = std::function<void(const std::string& path, std::function<void()> job,
                                   std::function<void()> done)>;

  // Destroyed before the loop. A file in hand is given up then, and stays as it is. Neither is
  // `alone` called back after that.
  Compressor(loop::Loop& loop, Alone alone) : loop_(loop), alone_(std::move(alone)) {}
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // All rotated files of this log that are not compressed, the newest first. Not for too long: a
  // file that is written faster than it can be compressed keeps uncompressed ones.
  void want(const std::string& path);
  // Nothing is in hand and nothing waits.
  [[nodiscard]] bool idle() const { return !job_; }
  // What is done or to be done is of this log.
  [[nodiscard]] bool has_to_do_with(const std::string& path) const;

 private:
  struct Job {
    std::string path;       // of the live file
    std::string temporary;  // what is written
    dev_t device = 0;
    ino_t inode = 0;
    UniqueFd file = {};
    Status status = {};
    std::atomic<bool> stop = false;
  };

  void next();
  void compress();
  void finish();
  // Opens the newest file that is not compressed; false: there is none.
  static bool begin(Job& job);
  // Gives the compressed file its place, and takes the other one away.
  static Status replace(const Job& job);

  loop::Loop& loop_;
  Alone alone_;
  std::deque<std::string> waiting_;
  // Owned by who is at it as well.
  std::shared_ptr<Job> job_;
  std::optional<loop::Work> work_;
};

}  // namespace superd::logs
