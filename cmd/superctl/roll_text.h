#pragma once

#include <cstdint>
#include <string>

#include "wire/views.h"

// Rolls in words.
namespace superd::superctl {

// `web.1: new process 812 is ready, 2 of 4 replaced`: what is worth a line of its own while the
// roll goes on; empty for a step that only begins something.
std::string step_line(const wire::RollView& roll, const wire::RollStepView& step);
// What it is doing now: `web: 1 of 4 replaced; web.2: a new process starts`.
std::string now_line(const wire::RollView& roll);
// For `why`: its cause, when, what became of it, its steps, and the last lines of what failed.
std::string roll_story(const wire::RollView& roll);

}  // namespace superd::superctl
