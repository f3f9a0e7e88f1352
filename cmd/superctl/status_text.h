#pragma once

#include <string>
#include <vector>

#include "client/exit_code.h"
#include "client/table.h"
#include "wire/views.h"

// What `superctl status` shows, from what superd answered.
namespace superd::superctl {

// GROUP STATE READY GEN UPTIME RESTARTS LISTEN
std::string group_table(const std::vector<wire::GroupView>& groups, client::Colour colour);
// `its triggers' paths are looked at every few seconds: …`
std::string looks_text(const std::string& because);
// What no column tells, a line each: that a group is held, that its paths are looked at, that a
// trigger repeats itself.
std::string group_notes(const std::vector<wire::GroupView>& groups);
// `web 127.0.0.1:8000: accept queue 3 of 4096` for each socket that superd holds.
std::string queue_lines(const wire::GroupView& group);
// WORKER STATE PID GEN UPTIME PROCS MEMORY RESTARTS DETAIL; an old process that still finishes its
// requests is a line of its own after its worker.
std::string worker_table(const std::vector<wire::WorkerView>& workers, client::Colour colour);
// `  PID ROLE COMMAND` for each process of one worker, under the worker's name and the CPU time
// and memory of all; nothing for a worker without a process.
std::string process_list(const wire::WorkerView& worker, const std::vector<wire::PidView>& pids);

client::Tone tone_of_state(const std::string& state);
// For `status` alone: not_running where a group is not as it is meant to be.
client::ExitCode exit_code_of_groups(const std::vector<wire::GroupView>& groups);
// For `status NAME`: not_running unless the group is running or rolling, the worker ready.
client::ExitCode exit_code_of_named(const wire::GroupView& group);
client::ExitCode exit_code_of_named(const wire::WorkerView& worker);

}  // namespace superd::superctl
