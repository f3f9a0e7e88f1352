#include "os/spare_descriptors.h"

#include <utility>

#include <fcntl.h>

namespace superd::os {

SpareDescriptors::SpareDescriptors(std::size_t count) : count_(count) { refill(); }

void SpareDescriptors::refill() {
  while (spares_.size() < count_) {
    UniqueFd spare(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!spare) return;
    spares_.push_back(std::move(spare));
  }
}

}  // namespace superd::os
