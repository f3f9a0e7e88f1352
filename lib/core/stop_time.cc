#include "core/stop_time.h"

#include <algorithm>
#include <map>
#include <string>

namespace superd::core {
namespace {

// From the first stop on until nothing of the group is left, for each group.
class StopTimes {
 public:
  explicit StopTimes(const Spec& spec) {
    for (const GroupSpec& group : spec.groups) {
      for (const std::string& needed : group.depends_on) dependents_[needed].push_back(&group);
    }
  }

  Duration of(const GroupSpec& group) {
    if (const auto known = known_.find(group.name); known != known_.end()) return known->second;
    Duration before{};
    for (const GroupSpec* dependent : dependents_[group.name]) {
      before = std::max(before, of(*dependent));
    }
    return known_[group.name] = before + group.stop.timeout;
  }

 private:
  std::map<std::string, std::vector<const GroupSpec*>> dependents_;
  std::map<std::string, Duration> known_;
};

}  // namespace

Duration stop_time(const Spec& spec) {
  StopTimes times(spec);
  Duration longest{};
  for (const GroupSpec& group : spec.groups) longest = std::max(longest, times.of(group));
  return longest;
}

}  // namespace superd::core
