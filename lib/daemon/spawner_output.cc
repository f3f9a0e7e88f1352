#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "daemon/spawner.h"
#include "daemon/spawner_process.h"
#include "keeper/pipe_relief.h"
#include "os/output_pipe.h"

namespace superd::daemon {
namespace {

// Of processes that have ended; more than these wait only where the logger stays away or the disk
// does not answer.
constexpr std::size_t kMostEnded = 64;
constexpr const char* kBlockPrefix = "block/";

std::vector<UniqueFd> duplicates(const std::vector<UniqueFd>& fds) {
  std::vector<UniqueFd> copies;
  copies.reserve(fds.size() + 1);
  for (const UniqueFd& fd : fds) copies.push_back(duplicate(fd.get()));
  return copies;
}

// Of pipes that were opened when the group had perhaps another one.
core::LogFormat format_of(std::size_t pipes, core::LogFormat today) {
  if (pipes == 1) return core::LogFormat::raw;
  return today == core::LogFormat::raw ? core::LogFormat::cri : today;
}

}  // namespace

std::string output_item(core::SpawnId spawn, const core::WorkerRef& worker,
                        core::LogOverflow overflow) {
  const bool waits = overflow == core::LogOverflow::block;
  return fmt::format("{}{}/{}", waits ? kBlockPrefix : keeper::kOutputPrefix,
                     core::to_string(spawn), core::to_string(worker));
}

bool is_output_item(std::string_view name) {
  return name.starts_with(keeper::kOutputPrefix) || name.starts_with(kBlockPrefix);
}

std::string transit_item(core::SpawnId spawn, const core::WorkerRef& worker) {
  return fmt::format("transit/{}/{}", core::to_string(spawn), core::to_string(worker));
}

Result<Spawner::Output> Spawner::open_output(Process& process) {
  Output output;
  switch (process.group->log.output) {
    case core::LogOutput::inherit:
      return output;
    case core::LogOutput::discard: {
      // Somebody has to read what a line is looked for in.
      if (process.group->ready.when == core::ReadyWhen::log) break;
      output.out = UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
      if (!output.out) return fail_errno("/dev/null", errno);
      output.err = duplicate(output.out.get());
      return output;
    }
    case core::LogOutput::file:
      break;
  }
  const bool one_pipe = process.group->log.format == core::LogFormat::raw;
  std::vector<int> held;
  for (UniqueFd* end : {&output.out, &output.err}) {
    if (one_pipe && end == &output.err) {
      output.err = duplicate(output.out.get());
      continue;
    }
    Result<os::OutputPipe> pipe = os::make_output_pipe();
    if (!pipe) return tl::unexpected(pipe.error());
    process.output.push_back(std::move(pipe->read));
    *end = std::move(pipe->write);
    held.push_back(end->get());
  }
  // The handle for reading and writing is both ends: with it the keeper keeps the pipe whole.
  const std::string item = output_item(process.id, process.worker, process.group->log.overflow);
  if (Status put = parts_.keeper.put(item, held); !put) return tl::unexpected(put.error());
  if (Status opened = open_transit(process); !opened) return tl::unexpected(opened.error());
  parts_.readiness.expect(process.id, *process.group);
  capture(process);
  return output;
}

// Kept beside the output pipe under a name of its own: no worker writes to it, so the keeper has
// never to make room in it.
Status Spawner::open_transit(Process& process) {
  const core::LogSpec& log = process.group->log;
  if (log.output != core::LogOutput::file || log.format != core::LogFormat::raw) return {};
  Result<UniqueFd> pipe = os::make_transit_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  process.transit = std::move(*pipe);
  return parts_.keeper.put(transit_item(process.id, process.worker),
                           std::array{process.transit.get()});
}

logs::Capture Spawner::capture_of(const Process& process) const {
  const core::LogSpec& log = process.group->log;
  return {.spawn = process.id,
          .worker = core::to_string(process.worker),
          .path = log.output == core::LogOutput::file ? log_path(process.worker) : "",
          .format = log.format,
          .max_size = log.max_size,
          .keep = log.keep,
          .compress = log.compress,
          .overflow = log.overflow,
          .match = parts_.readiness.log_match(process.id)};
}

void Spawner::capture(const Process& process) {
  if (process.output.empty()) return;
  std::vector<UniqueFd> fds = duplicates(process.output);
  // Without it the logger makes one of its own.
  if (UniqueFd transit = duplicate(process.transit.get())) fds.push_back(std::move(transit));
  parts_.logger.capture(capture_of(process), std::move(fds));
}

void Spawner::end_output(Process& process) {
  if (process.output.empty()) return;
  parts_.logger.finish(process.id);
  Ended& ended = ended_[process.id];
  ended.worker = process.worker;
  ended.capture = capture_of(process);
  ended.pipes = std::move(process.output);
  if (process.transit) ended.pipes.push_back(std::move(process.transit));
  if (ended_.size() > kMostEnded) output_written(ended_.begin()->first);
}

void Spawner::end_output(core::SpawnId spawn, Held held, const core::SpecPtr& group) {
  if (held.output.empty() || !group) {
    parts_.logger.finish(spawn);
    return drop_output(spawn, held.worker);
  }
  auto spec = std::make_shared<core::GroupSpec>(*group);
  spec->log.format = format_of(held.output.size(), group->log.format);
  Process process;
  process.id = spawn;
  process.worker = held.worker;
  process.group = std::move(spec);
  process.output = std::move(held.output);
  if (!held.transit.empty()) process.transit = std::move(held.transit.front());
  end_output(process);
}

void Spawner::output_written(core::SpawnId spawn) {
  const auto ended = ended_.find(spawn);
  if (ended == ended_.end()) return;
  drop_output(spawn, ended->second.worker);
  ended_.erase(ended);
}

void Spawner::drop_output(core::SpawnId spawn, const core::WorkerRef& worker) {
  // Another superd, or another config, may have given them the other name.
  for (const core::LogOverflow overflow : {core::LogOverflow::drop, core::LogOverflow::block})
    (void)parts_.keeper.drop(output_item(spawn, worker, overflow));
  (void)parts_.keeper.drop(transit_item(spawn, worker));
}

void Spawner::reconcile_captures(const std::vector<core::SpawnId>& captured,
                                 const std::map<core::SpawnId, core::WorkerRef>& spared) {
  const std::set<core::SpawnId> known(captured.begin(), captured.end());
  for (const auto& [id, process] : processes_) {
    // One that looks for a line says again whether it has found it.
    const bool looks = !parts_.readiness.log_match(id).empty();
    if (looks || !known.contains(id)) capture(*process);
  }
  for (const auto& [id, ended] : ended_) {
    if (!known.contains(id)) parts_.logger.capture(ended.capture, duplicates(ended.pipes));
    parts_.logger.finish(id);
  }
  for (const core::SpawnId id : captured) {
    if (ended_.contains(id)) continue;
    if (find(id) == nullptr && !spared.contains(id)) parts_.logger.finish(id);
  }
}

}  // namespace superd::daemon
