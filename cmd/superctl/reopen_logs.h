#pragma once

#include "context.h"

namespace superd::superctl {

// Has superd open the log files of all groups anew; silent where that was done.
ExitCode reopen_logs(Context& context);

}  // namespace superd::superctl
