#pragma once

#include <string>
#include <vector>

// What `superctl doctor` finds. Pure.
namespace superd::doctor {

enum class Verdict {
  ok,
  missing,  // superd manages without, and does something less well: the message says what
  problem   // workers would be lost, or cannot be started
};
const char* name(Verdict verdict);

struct Finding {
  std::string what{};  // `kernel: pidfs numbers`: the area and the thing
  Verdict verdict = Verdict::ok;
  std::string message{};
  std::string remedy{};  // what to do; empty: nothing, or nothing that helps

  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

}  // namespace superd::doctor
