#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "core/worker_ref.h"
#include "logs/compressor.h"
#include "logs/file_writer.h"
#include "logs/patience.h"
#include "logs/protocol.h"
#include "logs/recording.h"
#include "logs/tail_ring.h"
#include "loop/defer.h"
#include "loop/loop.h"

namespace superd::logs {

// All that the logger captures: recordings by spawn, their files by path, and the last lines of
// spawns that are gone.
class Recordings {
 public:
  // Called from within the call that it follows from, or from the loop.
  using OnSpawn = std::function<void(core::SpawnId)>;

  // `on_matched`: Capture::match was found. `on_finished`: see Finished.
  explicit Recordings(loop::Loop& loop, OnSpawn on_matched = {}, OnSpawn on_finished = {})
      : loop_(loop),
        on_matched_(std::move(on_matched)),
        on_finished_(std::move(on_finished)),
        sweep_(loop, [this] { sweep(); }) {}

  // See Capture. Without descriptors, or with more than two, nothing happens but a line in the log.
  void start(const Capture& capture, std::vector<UniqueFd> pipes);
  // Nothing happens for a spawn that is not captured, but that it is told as finished.
  void stop_matching(core::SpawnId spawn);
  void finish(core::SpawnId spawn);
  void finish_all();

  // Everything that is in the pipes now goes into the files, as far as these are ready for it (see
  // FileWriter).
  void drain_all();
  // The same for the recordings that write to this path.
  void drain_path(const std::string& path);

  // After others moved the files away: opens each anew, and makes it where it is not there. `done`
  // is called when all are; where one hangs, when it no longer does.
  void reopen_files(std::function<void()> done);
  // `done` is called when everything that the files were given is written or lost.
  void when_written(std::function<void()> done);
  // `job` in another thread, when nothing is done to the file or to its rotated ones.
  void run_alone(const std::string& path, std::function<void()> job, std::function<void()> done);
  // Odd or another one than before: a rotation is going on or was; nothing: none is possible.
  [[nodiscard]] std::shared_ptr<const RotatingFile::Turns> turns(const std::string& path) const;
  // Something is still to be written.
  [[nodiscard]] bool busy() const;

  // The last lines of a spawn of now or of before, with what is in its pipes now.
  std::vector<Line> last(core::SpawnId spawn, std::size_t count);
  // Those that are captured, and those that are finished and not yet written.
  [[nodiscard]] std::vector<core::SpawnId> spawns() const;

 private:
  struct File {
    std::shared_ptr<FileWriter> writer;
    bool compress = false;
    int recordings = 0;
  };

  void written(core::SpawnId spawn);
  void on_rotated(const std::string& path);
  // Nothing for a capture without a file.
  std::shared_ptr<FileWriter> file_of(const Capture& capture);
  static void set_policy(File& file, const Capture& capture);
  std::shared_ptr<FileWriter> make_writer(const Capture& capture);
  // Forgets files that nobody writes to, unless one has a loss to tell at the next time.
  void sweep();

  loop::Loop& loop_;
  OnSpawn on_matched_;
  OnSpawn on_finished_;
  Patience patience_;
  Workbench workbench_;
  std::map<std::string, File> files_;
  std::map<core::SpawnId, std::unique_ptr<Recording>> recordings_;
  FinishedTails finished_;
  // Finished, and not yet written.
  std::set<core::SpawnId> ending_;
  Compressor compressor_{loop_, [this](const std::string& path, auto job, auto done) {
                           run_alone(path, std::move(job), std::move(done));
                         }};
  loop::Defer sweep_;
};

}  // namespace superd::logs
