#pragma once

#include <string>

#include "client/names.h"

// Which states can be waited for.
namespace superd::superctl {

// Why nothing is ever in that state, with what may have been meant; empty where something can be.
std::string objection(const std::string& state);
// The same of one target: a worker has other states than a group.
std::string objection(const client::Target& target, const std::string& state);

// Whether superd does nothing by itself that leads from the one to the other: what was stopped or
// has failed is not started before somebody asks for it.
bool is_hopeless(const std::string& now, const std::string& wanted);

}  // namespace superd::superctl
