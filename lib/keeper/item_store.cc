#include "keeper/item_store.h"

#include <memory>
#include <utility>

#include "base/log.h"

namespace superd::keeper {
namespace {

void send(Channel& channel, Channel::Outgoing message) {
  const Status sent = channel.send(std::move(message));
  if (!sent) log::warn("an item cannot be given back: {}", sent.error().message);
}

}  // namespace

Descriptors ItemStore::put(const std::string& name, std::vector<UniqueFd> fds) {
  return items_[name] = std::make_shared<std::vector<UniqueFd>>(std::move(fds));
}

void ItemStore::visit(std::string_view prefix, const Visitor& visitor) const {
  for (auto item = items_.lower_bound(std::string(prefix));
       item != items_.end() && item->first.starts_with(prefix); ++item) {
    visitor(item->first, *item->second);
  }
}

void ItemStore::give_all(Channel& channel, int end_value) const {
  for (const auto& [name, fds] : items_) {
    send(channel, {.op = Op::item, .name = name, .fds = fds});
  }
  send(channel, {.op = Op::items_end, .value = end_value});
}

void ItemStore::give(Channel& channel, const std::string& name) const {
  const auto found = items_.find(name);
  send(channel,
       {.op = Op::item, .name = name, .fds = found == items_.end() ? nullptr : found->second});
}

}  // namespace superd::keeper
