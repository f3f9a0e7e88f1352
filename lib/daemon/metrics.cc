#include "daemon/metrics.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "os/process_table.h"

namespace superd::daemon {
namespace {

double unix_time(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double boot_time() {
  timespec since_boot{};
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return unix_time(std::chrono::system_clock::now()) - static_cast<double>(since_boot.tv_sec) -
         static_cast<double>(since_boot.tv_nsec) / 1e9;
}

std::optional<MetricsFacts::Own> own() {
  const auto usage = os::usage_of(getpid());
  if (!usage) return std::nullopt;
  rlimit limit{};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return MetricsFacts::Own{.usage = *usage,
                           .started = boot_time() + usage->started,
                           .open_fds = os::open_fds_of(getpid()),
                           .max_fds = limit.rlim_cur};
}

std::vector<pid_t> members(Tracker& tracker, const core::Worker& worker) {
  std::vector<pid_t> pids;
  const auto add = [&](const core::Life& life) {
    const std::vector<pid_t> more = tracker.members(life.spawn);
    pids.insert(pids.end(), more.begin(), more.end());
  };
  if (worker.life) add(*worker.life);
  if (worker.next) add(*worker.next);
  for (const core::Life& life : worker.draining) add(life);
  return pids;
}

}  // namespace

Metrics::Metrics(Parts parts, std::string version)
    : parts_(parts), version_(std::move(version)), turn_times_(parts.loop, [this](auto worked) {
        turns_.observe(std::chrono::duration<double>(worked).count(), kTurnBounds);
      }) {}

void Metrics::answer(Responder out) {
  waiting_.push_back(std::move(out));
  if (work_) return;
  work_.emplace(loop::Work::with_result<Page>(
      parts_.loop, [look = begin()] { return finish(look); },
      [this](Page page) { deliver(std::move(page)); }));
}

void Metrics::deliver(Page page) {
  work_.reset();
  cpu_times_ = std::move(page.cpu_times);
  for (Responder& out : std::exchange(waiting_, {})) {
    wire::Response response;
    response.content_type = wire::kMetricsContentType;
    response.body = page.text;
    out.answer(std::move(response));
  }
}

Metrics::Look Metrics::begin() {
  Look look;
  look.cpu_times = std::exchange(cpu_times_, {});
  MetricsFacts& facts = look.facts;
  facts.version = version_;
  facts.began = unix_time(parts_.tally.began());
  facts.recoveries = parts_.tally.recoveries();
  facts.requests = parts_.tally.requests();
  facts.tallies = parts_.tally.groups();
  facts.logs = parts_.tally.logs();
  facts.turns = turns_;
  for (const std::string& name : parts_.core.names()) add_group(look, *parts_.core.find(name));
  return look;
}

void Metrics::add_group(Look& look, const core::Group& group) const {
  MetricsFacts::Group& view = look.facts.groups.emplace_back();
  view.name = group.name;
  view.state = group.state;
  view.generation = group.in_force;
  view.wanted = static_cast<std::uint64_t>(std::max(group.spec->workers, 0));
  for (const core::Worker& worker : group.workers) {
    ++view.workers[worker.state];
    std::vector<pid_t> pids = members(parts_.tracker, worker);
    if (pids.empty()) continue;
    MetricsFacts::Worker& of_worker = look.facts.workers.emplace_back();
    of_worker.group = group.name;
    of_worker.name = core::to_string(worker.ref);
    of_worker.processes = pids.size();
    look.pids.push_back(std::move(pids));
  }
  for (const auto& [address, queue] : accept_queues(parts_.listeners, *group.spec)) {
    look.facts.listeners.push_back({.group = group.name, .address = address, .queue = queue});
  }
}

// In the thread pool.
Metrics::Page Metrics::finish(Look look) {
  for (std::size_t i = 0; i < look.pids.size(); ++i) {
    MetricsFacts::Worker& worker = look.facts.workers[i];
    worker.memory_bytes = os::memory_use(look.pids[i]).bytes;
    worker.cpu_seconds = look.cpu_times[worker.name].add(os::usage_of_all(look.pids[i]));
    worker.open_fds = os::open_fds(look.pids[i]);
  }
  look.facts.own = own();
  return {.text = metrics_page(look.facts), .cpu_times = std::move(look.cpu_times)};
}

}  // namespace superd::daemon
