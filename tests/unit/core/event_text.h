#pragma once

#include <string>

#include "core/event.h"

namespace superd::core {

// One line each, for the traces of failed tests.
std::string text(const Event& event);
std::string text(const Effect& effect);

}  // namespace superd::core
