#pragma once

#include "doctor/finding.h"
#include "os/kernel_features.h"

namespace superd::doctor {

// What it is good for, or what is less good without it, and from which kernel on it is there.
Finding feature_finding(const os::TriedFeature& tried);

}  // namespace superd::doctor
