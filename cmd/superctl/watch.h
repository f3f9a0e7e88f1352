#pragma once

#include <functional>

#include "context.h"

namespace superd::superctl {

// Shows something every two seconds: on a terminal each time in the place of the last, else one
// block after the other with an empty line between them. Ends quietly on an interrupt from the
// keyboard (130) or when whoever reads it has gone (0), with --timeout when that is over (7), and
// when it cannot be shown; that somewhere something does not run does not end it.
ExitCode watch(Context& context, const std::function<ExitCode()>& show);

}  // namespace superd::superctl
