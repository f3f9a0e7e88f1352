#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "loop/loop.h"
#include "loop/work.h"

namespace superd::logs {

// Compresses rotated files in another thread of low priority, one at a time: PATH.N becomes
// PATH.N.gz. Rotations go on meanwhile; a file that they drop is given up. What could not be
// compressed stays as it is, and is tried again when its log rotates the next time.
class Compressor {
 public:
  // Destroyed before the loop. A file in hand is given up then, and stays as it is.
  explicit Compressor(loop::Loop& loop) : loop_(loop) {}
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // All rotated files of this log that are not compressed, the newest first. Not for too long: a
  // file that is written faster than it can be compressed keeps uncompressed ones.
  void want(const std::string& path);
  // Nothing is in hand and nothing waits.
  [[nodiscard]] bool idle() const { return !job_; }

 private:
  struct Job {
    std::string path;       // of the live file
    std::string temporary;  // what is written
    dev_t device = 0;
    ino_t inode = 0;
    std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  };

  void next();
  bool begin(const std::string& path);
  void finish(const Status& status);
  // Gives the compressed file its place, and takes the other one away.
  static Status replace(const Job& job);

  loop::Loop& loop_;
  std::deque<std::string> waiting_;
  std::optional<Job> job_;
  std::optional<loop::Work> work_;
};

}  // namespace superd::logs
