#pragma once

#include <cerrno>
#include <cstddef>
#include <vector>

#include "base/unique_fd.h"

namespace superd::os {

// Descriptors set aside for when there are none left: what has to work then gives them up, and
// sets them aside again when it is done.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(std::size_t count);
  // Opens what is missing, as far as that is possible now.
  void refill();
  void release() { spares_.clear(); }
  [[nodiscard]] bool empty() const { return spares_.empty(); }

  // Calls the function, which returns a Result or Status, and where it found no descriptor once
  // more with the spare ones given up.
  template <class Function>
  auto help(Function function) {
    auto result = function();
    if (result || (result.error().code != EMFILE && result.error().code != ENFILE)) return result;
    release();
    result = function();
    refill();
    return result;
  }

 private:
  std::size_t count_;
  std::vector<UniqueFd> spares_;
};

}  // namespace superd::os
