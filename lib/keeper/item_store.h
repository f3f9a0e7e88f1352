#pragma once

#include <map>
#include <string>
#include <vector>

#include "keeper/channel.h"

namespace superd::keeper {

// The descriptors that outlive supervisors, by name.
class ItemStore {
 public:
  // Replaces what is held under the name.
  void put(const std::string& name, std::vector<UniqueFd> fds);
  void drop(const std::string& name) { items_.erase(name); }

  // Sends every item and then the end of the list, with the value that items_end is to have.
  void give_all(Channel& channel, int end_value) const;
  // Sends one item, without descriptors where there is none.
  void give(Channel& channel, const std::string& name) const;

 private:
  std::map<std::string, Descriptors> items_;
};

}  // namespace superd::keeper
