#pragma once

#include <string>

#include "cause_text.h"
#include "wire/views.h"

namespace superd::superctl {

// What happened, as a line of a story about its worker or group: `    TIME  process 4711 exited
// with status 1`. Empty where the story tells it by another event already (the steps of a roll that
// went well).
std::string happening_line(const wire::OccurrenceView& event, const UserName& user_name);

}  // namespace superd::superctl
