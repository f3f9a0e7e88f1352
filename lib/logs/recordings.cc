#include "logs/recordings.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace superd::logs {
namespace {

// Calls a function when it was called itself for the last of `count` times, at once for 0.
std::function<void()> after(std::size_t count, std::function<void()> function) {
  if (count == 0) function();
  return [left = std::make_shared<std::size_t>(count), function = std::move(function)] {
    if (--*left == 0) function();
  };
}

}  // namespace

void Recordings::start(const Capture& capture, std::vector<UniqueFd> pipes) {
  if (pipes.empty() || pipes.size() > 2) {
    log::error("{}: output is not captured: {} pipes came with it", capture.worker, pipes.size());
    return;
  }
  const auto found = recordings_.find(capture.spawn);
  if (found != recordings_.end() && found->second->reads_from(pipes)) {
    if (const auto file = files_.find(found->second->capture().path); file != files_.end())
      set_policy(file->second, capture);
    return found->second->renew(capture);
  }
  // Another process under the same id: a supervisor that knows nothing of the one before.
  if (found != recordings_.end()) finish(capture.spawn);
  const auto on_match = [this, spawn = capture.spawn] {
    if (on_matched_) on_matched_(spawn);
  };
  recordings_.emplace(
      capture.spawn, std::make_unique<Recording>(loop_, capture, std::move(pipes), file_of(capture),
                                                 workbench_, on_match));
  if (const auto lost_before = lost_.extract(capture.spawn))
    lost(capture.spawn, lost_before.mapped());
}

std::shared_ptr<FileWriter> Recordings::file_of(const Capture& capture) {
  if (capture.path.empty()) return nullptr;
  File& file = files_[capture.path];
  if (file.writer) {
    file.writer->set_limits({.max_size = capture.max_size, .keep = capture.keep});
  } else {
    file.writer = make_writer(capture);
  }
  ++file.recordings;
  set_policy(file, capture);
  return file.writer;
}

void Recordings::set_policy(File& file, const Capture& capture) {
  file.compress = capture.compress;
  file.writer->set_rest(capture.overflow == core::LogOverflow::block ? RotatingFile::Rest::keep
                                                                     : RotatingFile::Rest::drop);
}

std::shared_ptr<FileWriter> Recordings::make_writer(const Capture& capture) {
  return std::make_shared<FileWriter>(
      loop_, patience_, capture.path,
      RotatingFile::Limits{.max_size = capture.max_size, .keep = capture.keep},
      FileWriter::Options{.worker = capture.worker,
                          .counter = counter_of(capture.worker),
                          .on_rotated = [this, path = capture.path] { on_rotated(path); },
                          .on_idle =
                              [this, path = capture.path] {
                                if (on_counted_) on_counted_();
                                const auto file = files_.find(path);
                                if (file != files_.end() && file->second.recordings == 0)
                                  sweep_.schedule();
                              }});
}

std::shared_ptr<LogCounter> Recordings::counter_of(const std::string& worker) {
  const auto ref = core::parse_worker_ref(worker);
  std::shared_ptr<LogCounter>& counter = counters_[ref ? ref->group : worker];
  if (!counter) counter = std::make_shared<LogCounter>();
  return counter;
}

std::map<std::string, LogCounts> Recordings::counts() const {
  std::map<std::string, LogCounts> counts;
  for (const auto& [group, counter] : counters_) counts[group] = counter->now();
  return counts;
}

std::map<std::string, std::uint64_t> Recordings::untold_losses() const {
  std::map<std::string, std::uint64_t> losses;
  for (const auto& [path, file] : files_) {
    if (const std::uint64_t bytes = file.writer->untold_loss(); bytes > 0) losses[path] = bytes;
  }
  return losses;
}

void Recordings::on_rotated(const std::string& path) {
  const auto file = files_.find(path);
  if (file != files_.end() && file->second.compress) compressor_.want(path);
}

void Recordings::stop_matching(core::SpawnId spawn) {
  const auto found = recordings_.find(spawn);
  if (found != recordings_.end()) found->second->stop_matching();
}

void Recordings::lost(core::SpawnId spawn, std::uint64_t bytes) {
  const auto found = recordings_.find(spawn);
  if (found == recordings_.end()) {
    lost_[spawn] += bytes;
    return;
  }
  const Capture& capture = found->second->capture();
  const auto file = files_.find(capture.path);
  if (file != files_.end()) file->second.writer->lose_unread(bytes, capture.format);
}

void Recordings::finish(core::SpawnId spawn) {
  lost_.erase(spawn);
  const auto found = recordings_.find(spawn);
  if (found == recordings_.end()) {
    if (!ending_.contains(spawn)) written(spawn);
    return;
  }
  const std::unique_ptr<Recording> recording = std::move(found->second);
  recordings_.erase(found);
  const auto file = files_.find(recording->capture().path);
  // Nobody waits for the file any more: what it has no room for is lost, and counted.
  if (file != files_.end() && --file->second.recordings == 0)
    file->second.writer->set_rest(RotatingFile::Rest::drop);
  recording->finish();
  finished_.keep(recording->capture().worker, spawn, recording->take_tail());
  sweep_.schedule();
  if (file == files_.end() || file->second.writer->ready()) return written(spawn);
  ending_.insert(spawn);
  file->second.writer->run([] {}, [this, spawn] { written(spawn); });
}

void Recordings::written(core::SpawnId spawn) {
  ending_.erase(spawn);
  if (on_finished_) on_finished_(spawn);
}

void Recordings::sweep() {
  std::erase_if(files_, [this](const auto& entry) {
    const auto& [path, file] = entry;
    return file.recordings == 0 && file.writer->forgettable() && !compressor_.has_to_do_with(path);
  });
}

void Recordings::finish_all() {
  while (!recordings_.empty()) finish(recordings_.begin()->first);
}

void Recordings::drain_all() {
  for (const auto& [spawn, recording] : recordings_) recording->drain();
}

void Recordings::reopen_files(std::function<void()> done) {
  std::vector<FileWriter*> writers;
  for (const auto& [path, file] : files_) {
    if (file.recordings > 0) writers.push_back(file.writer.get());
  }
  const std::function<void()> one = after(writers.size(), std::move(done));
  for (FileWriter* writer : writers) writer->reopen(wall_clock(), one);
}

void Recordings::when_written(std::function<void()> done) {
  std::vector<FileWriter*> writers;
  for (const auto& [path, file] : files_) {
    if (!file.writer->ready()) writers.push_back(file.writer.get());
  }
  const std::function<void()> one = after(writers.size(), std::move(done));
  for (FileWriter* writer : writers) writer->run([] {}, one);
}

void Recordings::run_alone(const std::string& path, std::function<void()> job,
                           std::function<void()> done) {
  const auto file = files_.find(path);
  if (file != files_.end()) file->second.writer->run(std::move(job), std::move(done));
}

std::shared_ptr<const RotatingFile::Turns> Recordings::turns(const std::string& path) const {
  const auto file = files_.find(path);
  return file != files_.end() ? file->second.writer->turns() : nullptr;
}

bool Recordings::busy() const {
  return std::ranges::any_of(files_,
                             [](const auto& entry) { return !entry.second.writer->ready(); });
}

void Recordings::drain_path(const std::string& path) {
  if (!files_.contains(path)) return;
  for (const auto& [spawn, recording] : recordings_) {
    if (recording->capture().path == path) recording->drain();
  }
}

std::vector<Line> Recordings::last(core::SpawnId spawn, std::size_t count) {
  const auto found = recordings_.find(spawn);
  if (found == recordings_.end()) return finished_.last(spawn, count);
  found->second->drain();
  return found->second->last(count);
}

std::vector<core::SpawnId> Recordings::spawns() const {
  std::vector<core::SpawnId> spawns;
  spawns.reserve(recordings_.size());
  for (const auto& [spawn, recording] : recordings_) spawns.push_back(spawn);
  for (const core::SpawnId spawn : ending_) {
    if (!recordings_.contains(spawn)) spawns.push_back(spawn);
  }
  return spawns;
}

}  // namespace superd::logs
