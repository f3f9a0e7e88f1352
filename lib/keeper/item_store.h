#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "keeper/channel.h"

namespace superd::keeper {

// The descriptors that outlive supervisors, by name.
class ItemStore {
 public:
  // Replaces what is held under the name; gives what is held now.
  Descriptors put(const std::string& name, std::vector<UniqueFd> fds);
  void drop(const std::string& name) { items_.erase(name); }
  [[nodiscard]] bool holds(const std::string& name) const { return items_.contains(name); }

  using Visitor = std::function<void(const std::string& name, const std::vector<UniqueFd>& fds)>;
  // Shows every item whose name begins with `prefix`, in the order of the names.
  void visit(std::string_view prefix, const Visitor& visitor) const;

  // Sends every item and then the end of the list, with the value that items_end is to have.
  void give_all(Channel& channel, int end_value) const;
  // Sends one item, without descriptors where there is none.
  void give(Channel& channel, const std::string& name) const;

 private:
  std::map<std::string, Descriptors> items_;
};

}  // namespace superd::keeper
