#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "core/worker_ref.h"
#include "logs/compressor.h"
#include "logs/protocol.h"
#include "logs/recording.h"
#include "logs/rotating_file.h"
#include "logs/tail_ring.h"
#include "loop/loop.h"

namespace superd::logs {

// All that the logger captures: recordings by spawn, their files by path, and the last lines of
// spawns that are gone.
class Recordings {
 public:
  // Capture::match was found; called from within start() or from the loop.
  using OnMatched = std::function<void(core::SpawnId)>;

  explicit Recordings(loop::Loop& loop, OnMatched on_matched = {})
      : loop_(loop), on_matched_(std::move(on_matched)) {}

  // See Capture. Without descriptors, or with more than two, nothing happens but a line in the log.
  void start(const Capture& capture, std::vector<UniqueFd> pipes);
  // Nothing happens for a spawn that is not captured.
  void stop_matching(core::SpawnId spawn);
  void finish(core::SpawnId spawn);
  void finish_all();

  // Everything that is in the pipes now goes into the files.
  void drain_all();
  // The same for the recordings that write to this path.
  void drain_path(const std::string& path);

  // After others moved the files away: opens each anew, and makes it where it is not there.
  void reopen_files();

  // The last lines of a spawn of now or of before, with what is in its pipes now.
  std::vector<Line> last(core::SpawnId spawn, std::size_t count);
  [[nodiscard]] std::vector<core::SpawnId> spawns() const;

 private:
  void on_rotated(const std::string& path);
  // Nothing for a capture without a file.
  std::shared_ptr<RotatingFile> file_of(const Capture& capture);

  loop::Loop& loop_;
  OnMatched on_matched_;
  Scratch scratch_;
  std::map<core::SpawnId, std::unique_ptr<Recording>> recordings_;
  struct File {
    std::weak_ptr<RotatingFile> open;  // as long as a recording writes to it
    bool compress = false;
    // Without a recording, but with a loss to tell at the next one.
    std::shared_ptr<RotatingFile> kept = nullptr;
  };
  std::map<std::string, File> files_;
  FinishedTails finished_;
  Compressor compressor_{loop_};
};

}  // namespace superd::logs
