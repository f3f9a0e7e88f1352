#pragma once

#include <functional>
#include <string>

#include "core/signal_order.h"
#include "core/supervision.h"
#include "daemon/orders.h"
#include "daemon/spawner.h"

namespace superd::daemon {

// [superd.signals]: does what a signal to superd stands for, as a command that nobody waits for.
class SignalOrders {
 public:
  struct Parts {
    const core::Spec& spec;
    const core::Supervision& core;
    Orders& orders;
    Spawner& spawner;
  };
  struct Hooks {
    using OnGroup = std::function<void(const std::string& group, const std::string& cause)>;
    OnGroup fired;
    OnGroup hold;
    OnGroup release;
    std::function<void(const std::string& cause)> apply;
    std::function<void(const std::string& cause)> shutdown;
  };

  SignalOrders(Parts parts, Hooks hooks) : parts_(parts), hooks_(std::move(hooks)) {}

  // Whether the signal has a meaning; then it was done. Names are looked up now; one that means
  // nothing any more is told in the log.
  bool arrived(int number);

 private:
  void carry_out(const core::SignalOrder& order, const std::string& cause);
  void carry_out(const core::SignalOrder& order, const core::Target& target,
                 const std::string& cause);
  void give(const core::SignalOrder& order, wire::Action action, const core::Target& target,
            const std::string& cause);
  void hold(const core::SignalOrder& order, const core::Target& target, const std::string& cause);
  void reload(const core::SignalOrder& order, const core::Target& target, const std::string& cause);
  void signal(const core::SignalOrder& order, const core::Target& target, int number,
              const std::string& cause);
  [[nodiscard]] std::vector<core::Target> targets_of(const std::string& name) const;

  Parts parts_;
  Hooks hooks_;
};

}  // namespace superd::daemon
