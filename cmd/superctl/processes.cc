#include "processes.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "client/printable.h"

namespace superd::superctl {
namespace {

std::vector<std::string> groups_of(const std::vector<client::Target>& targets) {
  std::vector<std::string> groups;
  for (const auto& target : targets) {
    if (std::ranges::count(groups, target.group) == 0) groups.push_back(target.group);
  }
  return groups;
}

bool is_meant(const wire::PidView& process, const std::vector<client::Target>& targets) {
  return std::ranges::any_of(targets, [&process](const client::Target& target) {
    if (target.worker) return *target.worker == process.worker;
    return target.group == "self" || target.group == process.group;
  });
}

// Workers in the order of their numbers: `web.2` before `web.10`.
std::pair<std::string, int> worker_order(const std::string& name) {
  const auto worker = core::parse_worker_ref(name);
  return worker ? std::pair(worker->group, worker->number) : std::pair(name, 0);
}

}  // namespace

client::Outcome<std::vector<wire::PidView>> fetch_processes(
    Context& context, const std::vector<client::Target>& targets) {
  std::vector<client::Request> requests;
  for (const auto& group : groups_of(targets)) {
    requests.push_back({.target = wire::make_target({"v1", "groups", group, "pids"})});
  }
  std::vector<wire::PidView> processes;
  for (auto& response : context.ask_all(std::move(requests))) {
    auto view = client::read_answer<wire::PidsView>(std::move(response));
    if (!view) return tl::unexpected<client::Failure>(view.error());
    for (auto& process : view->pids) {
      if (is_meant(process, targets)) processes.push_back(std::move(process));
    }
  }
  std::ranges::sort(processes, {}, &wire::PidView::pid);
  return processes;
}

std::string draw_processes(const std::vector<wire::PidView>& processes, client::LineStyle style) {
  std::map<std::pair<std::string, int>, std::vector<client::TreeNode>> workers;
  for (const auto& process : processes) {
    workers[worker_order(process.worker)].push_back({.pid = static_cast<pid_t>(process.pid),
                                                     .parent = static_cast<pid_t>(process.ppid),
                                                     .label = process.command});
  }
  std::string out;
  for (auto& [worker, nodes] : workers) {
    const auto& [group, number] = worker;
    out += client::printable(number == 0 ? group : fmt::format("{}.{}", group, number)) + '\n';
    out += client::draw_tree(std::move(nodes), style);
  }
  return out;
}

std::string whose_line(const wire::PidView& process) {
  if (process.worker.empty()) return fmt::format("{} - unknown -", process.pid);
  return fmt::format("{} {} {} {}", process.pid, client::printable(process.worker),
                     wire::name(process.role), process.generation);
}

}  // namespace superd::superctl
