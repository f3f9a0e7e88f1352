#include "config/recycle.h"

#include <fmt/format.h>

namespace superd::config {

void read_recycle(TableReader table, core::RecycleSpec& recycle) {
  if (const auto field = table.field("schedule")) {
    if (const auto text = field->filled_text("a schedule such as \"0 4 * * *\"")) {
      if (const auto cron = core::parse_cron(*text)) {
        recycle.schedule = *cron;
      } else {
        field->error(cron.error().message);
      }
    }
  }
  table.finish();
}

}  // namespace superd::config
