#pragma once

#include <string>
#include <vector>

#include "client/table.h"
#include "wire/views.h"

namespace superd::superctl {

// One line a finding: its verdict, what it is about, what was found, and the remedy.
std::string doctor_text(const std::vector<wire::FindingView>& findings, client::Colour colour);

}  // namespace superd::superctl
