#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "client/exit_code.h"
#include "wire/views.h"

// What a start, a stop, a restart or a signal came to, in words.
namespace superd::superctl {

// `web: restarted (4 workers, generation 8, 3.2s)`, `web.2: stopped`: one line for stdout. `label`
// is what the user named, `took` how long it was waited for.
std::string summary(const std::string& label, const wire::OutcomeView& outcome,
                    std::chrono::nanoseconds took);
// For stderr: each worker that failed, why, and the last lines that it wrote (of the first few that
// failed: where many fail they mostly say the same), then what became of the whole.
std::vector<std::string> complaints(const std::string& label, const wire::OutcomeView& outcome);
client::ExitCode exit_code_of(const wire::OutcomeView& outcome);

// While superd works on it: `web: 2/4 ready`, for a stop `web: 2 left`.
std::string progress_of(const std::string& action, const std::string& label,
                        const std::vector<wire::WorkerView>& workers);

}  // namespace superd::superctl
