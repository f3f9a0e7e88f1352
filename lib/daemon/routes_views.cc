#include <memory>
#include <utility>

#include "daemon/routes.h"
#include "os/process_table.h"
#include "os/process_usage.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

constexpr int kWhyLines = 10;

struct Gathering {
  wire::HistoryView view;
  Responder out;
  std::size_t missing = 0;

  void finish_if_complete() {
    if (missing == 0) out.answer(wire::json_response(200, wire::to_text(view)));
  }
};

}  // namespace

StatusText Routes::status_text() const {
  return [this](core::SpawnId spawn) { return parts_.spawner.status_text(spawn); };
}

const core::GroupSpec& Routes::spec_of(const std::string& group) const {
  for (const core::GroupSpec& spec : parts_.spec.groups) {
    if (spec.name == group) return spec;
  }
  std::abort();
}

wire::GroupView Routes::group_view(const core::Group& group) const {
  wire::GroupView view = to_view(group, spec_of(group.name), status_text(), Moment::now());
  view.held = parts_.automatic.held(group.name);
  view.looks_because = parts_.triggers.degraded(group.name);
  view.repeats = parts_.triggers.repeats(group.name);
  view.deaf = parts_.demand.trouble(group.name);
  if (view.deaf) view.as_meant = false;
  return view;
}

wire::WorkerView Routes::worker_view(const core::Worker& worker) const {
  return to_view(worker, status_text(), Moment::now());
}

wire::GroupView Routes::full_view(const core::Group& group) const {
  wire::GroupView view = group_view(group);
  for (std::size_t i = 0; i < group.workers.size(); ++i) {
    view.workers[i] = full_view(group.workers[i]);
  }
  for (const auto& [address, queue] : accept_queues(parts_.listeners, *group.spec)) {
    if (!view.queues) view.queues.emplace();
    view.queues->push_back({.listener = address, .length = queue.length, .limit = queue.limit});
  }
  return view;
}

wire::WorkerView Routes::full_view(const core::Worker& worker) const {
  wire::WorkerView view = worker_view(worker);
  std::vector<pid_t> pids;
  std::vector<std::int64_t> numbers;
  for (const wire::PidView& pid : pids_of(worker)) {
    pids.push_back(static_cast<pid_t>(pid.pid));
    numbers.push_back(pid.pid);
  }
  view.procs = numbers.size();
  const os::MemoryUse memory = os::memory_use(pids);
  view.memory_bytes = memory.bytes;
  view.memory_measure = memory.proportional ? "pss" : "rss";
  view.cpu_ms = static_cast<std::uint64_t>(os::cpu_seconds(pids) * 1000);
  view.pids = std::move(numbers);
  view.tracking = parts_.tracker.name();
  return view;
}

std::vector<wire::PidView> Routes::pids_of(const core::Worker& worker) const {
  std::vector<wire::PidView> views;
  std::vector<core::SpawnId> spawns;
  if (worker.life) spawns.push_back(worker.life->spawn);
  if (worker.next) spawns.push_back(worker.next->spawn);
  for (const core::Life& life : worker.draining) spawns.push_back(life.spawn);
  for (const core::SpawnId spawn : spawns) {
    for (const pid_t pid : parts_.tracker.members(spawn)) {
      views.push_back(pid_view(worker, spawn, pid));
    }
  }
  return views;
}

wire::PidView Routes::pid_view(const core::Worker& worker, core::SpawnId spawn, pid_t pid) const {
  const core::Life* life = nullptr;
  if (worker.life && worker.life->spawn == spawn) life = &*worker.life;
  if (worker.next && worker.next->spawn == spawn) life = &*worker.next;
  for (const core::Life& draining : worker.draining) {
    if (draining.spawn == spawn) life = &draining;
  }
  wire::PidView view;
  view.pid = pid;
  view.worker = core::to_string(worker.ref);
  view.group = worker.ref.group;
  view.role = life != nullptr && life->pid == pid && !life->main_gone ? wire::Role::main
                                                                      : wire::Role::child;
  view.generation = life != nullptr ? life->generation : 0;
  if (const auto process = os::read_process(pid)) view.ppid = process->parent;
  view.command = os::command_line(pid);
  return view;
}

wire::PidView Routes::unknown_view(pid_t pid) {
  wire::PidView view;
  view.pid = pid;
  if (const auto process = os::read_process(pid)) view.ppid = process->parent;
  view.command = os::command_line(pid);
  return view;
}

void Routes::answer_why(Responder out, wire::HistoryView view,
                        const std::vector<const core::Worker*>& workers) {
  auto gathering = std::make_shared<Gathering>();
  gathering->view = std::move(view);
  gathering->out = std::move(out);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const core::Worker& worker = *workers[i];
    // What the last process that ended said, or the one that runs where none has ended.
    const core::SpawnId spawn = worker.last_spawn != core::SpawnId{} ? worker.last_spawn
                                : worker.life                        ? worker.life->spawn
                                                                     : core::SpawnId{};
    if (spawn == core::SpawnId{}) continue;
    ++gathering->missing;
    parts_.logger.tail(
        spawn, kWhyLines, [gathering, i](const std::optional<std::vector<logs::Line>>& lines) {
          wire::HistoryView& own =
              gathering->view.workers.empty() ? gathering->view : gathering->view.workers[i];
          for (const logs::Line& line : lines.value_or(std::vector<logs::Line>{})) {
            own.output.push_back(line.text);
          }
          --gathering->missing;
          gathering->finish_if_complete();
        });
  }
  gathering->finish_if_complete();
}

}  // namespace superd::daemon
