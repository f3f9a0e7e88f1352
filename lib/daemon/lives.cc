#include "daemon/lives.h"

namespace superd::daemon {

using Place = FoundLife::Place;

std::optional<FoundLife> find_life(const core::Supervision& core, core::SpawnId spawn) {
  const core::Worker* worker = core.owner(spawn);
  if (worker == nullptr) return std::nullopt;
  if (worker->life && worker->life->spawn == spawn) {
    return FoundLife{.worker = *worker, .life = *worker->life, .place = Place::serves};
  }
  if (worker->next && worker->next->spawn == spawn) {
    return FoundLife{.worker = *worker, .life = *worker->next, .place = Place::is_next};
  }
  for (const core::Life& life : worker->draining) {
    if (life.spawn != spawn) continue;
    return FoundLife{.worker = *worker, .life = life, .place = Place::drains};
  }
  return std::nullopt;
}

std::string cause_of_start(const FoundLife& found) {
  return found.place == Place::is_next ? found.worker.next_cause : found.worker.cause;
}

std::string cause_of_end(const FoundLife& found) {
  const bool asked =
      found.place == Place::drains ||
      (found.place == Place::serves && found.worker.state == core::WorkerState::stopping);
  return asked ? found.worker.cause : "exit";
}

}  // namespace superd::daemon
