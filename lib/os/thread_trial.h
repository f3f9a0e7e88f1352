#pragma once

#include "base/result.h"

namespace superd::os {

// Whether so many threads can be made now, by making them: they do nothing and are gone at the
// return. For libraries that abort where they cannot make theirs. Takes a millisecond.
Status try_threads(int count);

}  // namespace superd::os
