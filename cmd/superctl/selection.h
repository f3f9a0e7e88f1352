#pragma once

#include <string>
#include <vector>

#include "client/names.h"
#include "wire/views.h"

// Looking targets up in a status.
namespace superd::superctl {

std::vector<client::KnownGroup> known_groups(const wire::StatusView& status);
// Empty for a target that is not there (`self`).
std::string state_of(const wire::StatusView& status, const client::Target& target);
// Nothing for a target that is not there (`self`).
std::vector<wire::WorkerView> workers_of(const wire::StatusView& status,
                                         const client::Target& target);

}  // namespace superd::superctl
