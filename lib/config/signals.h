#pragma once

#include <vector>

#include "config/field.h"
#include "config/group.h"
#include "core/signal_order.h"

namespace superd::config {

struct PlacedOrder {
  core::SignalOrder order;
  core::Place place;
};

// Reads [superd.signals].
std::vector<PlacedOrder> read_signals(const TableReader& table);

// Names that no group has; nothing is certain where not all groups could be read. Warns of a reload
// of what cannot.
void check_orders(const std::vector<PlacedOrder>& orders, const std::vector<PlacedGroup>& groups,
                  Extent extent, Problems& problems, Problems& warnings);

}  // namespace superd::config
