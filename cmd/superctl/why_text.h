#pragma once

#include <string>

#include "client/table.h"
#include "wire/views.h"

namespace superd::superctl {

// Why a group or a worker is in its state: a headline, what ended last, what comes next, the last
// transitions, the last lines of output. Of a group, its workers follow, those that are well with
// their headline alone.
std::string why_text(const wire::HistoryView& history, client::Colour colour);

}  // namespace superd::superctl
