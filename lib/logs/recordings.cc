#include "logs/recordings.h"

#include <utility>

#include "base/log.h"

namespace superd::logs {

void Recordings::start(const Capture& capture, std::vector<UniqueFd> pipes) {
  if (pipes.empty() || pipes.size() > 2) {
    log::error("{}: output is not captured: {} pipes came with it", capture.worker, pipes.size());
    return;
  }
  const auto found = recordings_.find(capture.spawn);
  if (found != recordings_.end() && found->second->reads_from(pipes)) {
    if (const auto file = files_.find(capture.path); file != files_.end())
      file->second.compress = capture.compress;
    return found->second->renew(capture);
  }
  // Another process under the same id: a supervisor that knows nothing of the one before.
  finish(capture.spawn);
  const auto on_match = [this, spawn = capture.spawn] {
    if (on_matched_) on_matched_(spawn);
  };
  recordings_.emplace(
      capture.spawn, std::make_unique<Recording>(loop_, capture, std::move(pipes), file_of(capture),
                                                 scratch_, on_match));
}

std::shared_ptr<RotatingFile> Recordings::file_of(const Capture& capture) {
  if (capture.path.empty()) return nullptr;
  const RotatingFile::Limits limits{.max_size = capture.max_size, .keep = capture.keep};
  File& known = files_[capture.path];
  known.compress = capture.compress;
  std::shared_ptr<RotatingFile> file = known.open.lock();
  known.kept.reset();
  if (file) {
    file->set_limits(limits);
  } else {
    file = std::make_shared<RotatingFile>(
        capture.path, limits,
        RotatingFile::Options{.worker = capture.worker,
                              .on_rotated = [this, path = capture.path] { on_rotated(path); }});
    known.open = file;
  }
  return file;
}

void Recordings::on_rotated(const std::string& path) {
  const auto file = files_.find(path);
  if (file != files_.end() && file->second.compress) compressor_.want(path);
}

void Recordings::stop_matching(core::SpawnId spawn) {
  const auto found = recordings_.find(spawn);
  if (found != recordings_.end()) found->second->stop_matching();
}

void Recordings::finish(core::SpawnId spawn) {
  const auto found = recordings_.find(spawn);
  if (found == recordings_.end()) return;
  const std::unique_ptr<Recording> recording = std::move(found->second);
  recordings_.erase(found);
  recording->finish();
  finished_.keep(recording->capture().worker, spawn, recording->take_tail());
  const auto file = files_.find(recording->capture().path);
  if (file != files_.end() && file->second.open.use_count() == 1) {
    file->second.kept = file->second.open.lock();
    if (!file->second.kept->has_untold_loss()) files_.erase(file);
  }
}

void Recordings::finish_all() {
  while (!recordings_.empty()) finish(recordings_.begin()->first);
}

void Recordings::drain_all() {
  for (const auto& [spawn, recording] : recordings_) recording->drain();
}

void Recordings::reopen_files() {
  for (const auto& [path, file] : files_) {
    if (const auto open = file.open.lock()) open->reopen(wall_clock());
  }
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
  return spawns;
}

}  // namespace superd::logs
