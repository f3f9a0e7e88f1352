#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/names.h"
#include "context.h"
#include "wire/views.h"

namespace superd::superctl {

// What superd does for the commands of this run, told while it is done.
class RollProgress {
 public:
  explicit RollProgress(Context& context) : context_(context) {}

  // Looks, and tells each step that was finished since, a line each on the terminal.
  void look();
  // The steps of a roll that is over, as far as they were not told yet.
  void tell_rest(std::uint64_t id);

  // What goes on at the latest look.
  [[nodiscard]] const std::vector<wire::RollView>& rolls() const { return rolls_; }
  // The one that serves the target, as far as it is known.
  [[nodiscard]] const wire::RollView* roll_of(const client::Target& target) const;

 private:
  void tell(const wire::RollView& roll);

  Context& context_;
  std::vector<wire::RollView> rolls_;
  std::map<std::uint64_t, std::uint64_t> told_;  // the last step, by roll
  std::map<std::uint64_t, wire::RollStepView> latest_;
};

}  // namespace superd::superctl
