#pragma once

#include "core/spec.h"

namespace superd::core {

// How long an ordered shutdown may take: every group has its stop.timeout, and a group that others
// depend on is stopped after them. Pure; the config has no circle.
Duration stop_time(const Spec& spec);

}  // namespace superd::core
