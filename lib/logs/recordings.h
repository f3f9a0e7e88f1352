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
  // `on_counted`: counts() may be others now.
  explicit Recordings(loop::Loop& loop, OnSpawn on_matched = {}, OnSpawn on_finished = {},
                      std::function<void()> on_counted = {})
      : loop_(loop),
        on_matched_(std::move(on_matched)),
        on_finished_(std::move(on_finished)),
        on_counted_(std::move(on_counted)),
        sweep_(loop, [this] { sweep(); }) {}

  // See Capture. Without descriptors, or with more than two, nothing happens but a line in the log.
  void start(const Capture& capture, std::vector<UniqueFd> pipes);
  // Nothing happens for a spawn that is not captured, but that it is told as finished.
  void stop_matching(core::SpawnId spawn);
  void finish(core::SpawnId spawn);
  void finish_all();

  // So much of its output was lost while there was no logger: the file tells, of one that is not
  // captured yet as soon as it is.
  void lost(core::SpawnId spawn, std::uint64_t bytes);

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
  // By group, since the beginning, of all that had a file.
  [[nodiscard]] std::map<std::string, LogCounts> counts() const;
  // By path: bytes that were lost, and whose marker could not be written yet.
  [[nodiscard]] std::map<std::string, std::uint64_t> untold_losses() const;

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
  std::shared_ptr<LogCounter> counter_of(const std::string& worker);
  // Forgets files that nobody writes to, unless one has a loss to tell at the next time.
  void sweep();

  loop::Loop& loop_;
  OnSpawn on_matched_;
  OnSpawn on_finished_;
  std::function<void()> on_counted_;
  std::map<std::string, std::shared_ptr<LogCounter>> counters_;  // by group
  Patience patience_;
  Workbench workbench_;
  std::map<std::string, File> files_;
  std::map<core::SpawnId, std::unique_ptr<Recording>> recordings_;
  FinishedTails finished_;
  std::map<core::SpawnId, std::uint64_t> lost_;  // bytes; of those that are not captured yet
  // Finished, and not yet written.
  std::set<core::SpawnId> ending_;
  Compressor compressor_{loop_, [this](const std::string& path, auto job, auto done) {
                           run_alone(path, std::move(job), std::move(done));
                         }};
  loop::Defer sweep_;
};

}  // namespace superd::logs
