#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/token_bucket.h"

namespace superd::daemon {

// How often the workers of a group may ask for something to be done: a program that asks in a
// circle keeps nobody from working.
class Wishes {
 public:
  static constexpr int kBurst = 5;
  static constexpr core::Duration kEach = std::chrono::seconds(1);

  // Nothing: granted. Else how long to wait before asking again.
  std::optional<core::Duration> ask(const std::string& group, core::TimePoint now);

 private:
  std::map<std::string, core::TokenBucket> groups_;
};

}  // namespace superd::daemon
