#pragma once

#include <string>
#include <vector>

#include "client/names.h"
#include "client/tree.h"
#include "context.h"
#include "wire/views.h"

// The processes of groups and workers.
namespace superd::superctl {

// Those of all targets, by pid, each once.
client::Outcome<std::vector<wire::PidView>> fetch_processes(
    Context& context, const std::vector<client::Target>& targets);

// Each worker's name, and under it its processes as a tree.
std::string draw_processes(const std::vector<wire::PidView>& processes, client::LineStyle style);

// `4711 web.2 main 7`; `4711 - unknown -` for a process that nothing attributes to a worker.
std::string whose_line(const wire::PidView& process);

}  // namespace superd::superctl
