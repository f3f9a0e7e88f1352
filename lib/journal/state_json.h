#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/recovery.h"
#include "core/supervision.h"

// The core's state as the journal's values: a line for each group, for each worker, and one for
// what concerns all groups. Configurations are written once and named by a number after that.
namespace superd::journal {

// The numbers of configurations. A number is never used again.
class SpecNumbers {
 public:
  // 0 for none.
  std::uint64_t of(const core::SpecPtr& spec);
  // Null for 0 and for a number that is not known.
  [[nodiscard]] core::SpecPtr find(std::uint64_t number) const;
  void add(std::uint64_t number, core::SpecPtr spec);
  void forget(std::uint64_t number);
  [[nodiscard]] const std::map<std::uint64_t, core::SpecPtr>& all() const { return specs_; }

 private:
  std::map<std::uint64_t, core::SpecPtr> specs_;
  std::uint64_t last_ = 0;
};

std::string to_text(const core::GroupSpec& spec);
// Without its workers, and without commands, whose askers are gone where the text is needed.
std::string to_text(const core::Group& group, SpecNumbers& specs);
std::string to_text(const core::Worker& worker);
std::string to_text(const core::InHand& in_hand);

// Fail on text that is not what to_text() gives.
Result<core::GroupSpec> spec_from(std::string_view text);
Result<core::Group> group_from(std::string_view text, const SpecNumbers& specs);
Result<core::Worker> worker_from(std::string_view text);
Result<core::InHand> in_hand_from(std::string_view text);

}  // namespace superd::journal
