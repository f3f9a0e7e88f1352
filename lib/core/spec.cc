#include "core/spec.h"

#include <algorithm>
#include <cstdlib>

namespace superd::core {

ReadyWhen effective(ReadyWhen when, bool has_sockets) {
  switch (when) {
    case ReadyWhen::automatic:
      return has_sockets ? ReadyWhen::listening : ReadyWhen::delay;
    case ReadyWhen::notify:
    case ReadyWhen::listening:
    case ReadyWhen::delay:
    case ReadyWhen::exec:
    case ReadyWhen::fd:
    case ReadyWhen::log:
    case ReadyWhen::http:
      return when;
  }
  std::abort();
}

bool accepts(const HttpSpec& http, int status) {
  return std::any_of(http.statuses.begin(), http.statuses.end(), [&](const StatusRange& range) {
    return range.from <= status && status <= range.to;
  });
}

const HttpSpec& rehearsal_http(const GroupSpec& group) {
  return group.roll.rehearse_http ? *group.roll.rehearse_http : group.ready.http;
}

int batch_size(const BatchSpec& batch, int workers) {
  const int wanted = batch.percent > 0 ? workers * batch.percent / 100 : batch.workers;
  return std::clamp(wanted, 1, std::max(1, workers));
}

bool has_shared_socket(const GroupSpec& group) {
  return std::any_of(group.listen.begin(), group.listen.end(),
                     [](const ListenSpec& socket) { return !is_private(socket); });
}

}  // namespace superd::core
