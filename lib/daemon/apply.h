#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/diff.h"
#include "config/load.h"
#include "core/supervision.h"
#include "daemon/listeners.h"
#include "daemon/orders.h"
#include "daemon/responder.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "wire/requests.h"

namespace superd::daemon {

// Reads the config file again, compares, and does what follows: groups come and go, numbers of
// workers change, what differs in its recipe is rolled. A config with an error, or one whose new
// sockets cannot be opened, changes nothing; sockets that a group wants already hinder no other.
// One apply at a time; the next reads the file anew when this one is over.
//
// A group whose roll does not succeed keeps the configuration that it had, and what differs of it
// is found again by the next apply; the others are done.
class Apply {
 public:
  struct Parts {
    loop::Loop& loop;
    const core::Spec& spec;  // what superd goes by
    const core::Supervision& core;
    Listeners& listeners;
    Orders& orders;
  };
  struct Hooks {
    std::function<void(const core::Event&)> happen;
    // [superd] and the hooks of the new configuration, as far as they count from now on.
    std::function<void(const core::Spec& wanted)> take_daemon;
    // Sockets that were opened for a plan that is not carried out, and what no group has kept.
    std::function<void()> close_unused_listeners;
    // For the log and for who listens to events: what came of it.
    std::function<void(bool applied, const std::string& cause, const std::string& message)> told;
  };

  // `file` is read again and again.
  Apply(std::string file, Parts parts, Hooks hooks);

  // Answered when all is done; at once for `wait: false`, as soon as it is known what will be done.
  void request(const wire::ApplyRequest& request, const std::string& cause, Responder responder);
  // Nobody waits for it.
  void request(const std::string& cause);
  // Whether the command was given by an apply.
  bool on_answer(const core::Answer& answer);
  // Of the sockets that the apply in hand has opened or will need: they stay, also those of groups
  // whose turn comes later in it.
  [[nodiscard]] std::set<std::string> addresses() const { return addresses_; }
  // Who still waits is answered why nothing more is heard of it.
  void abandon(const std::string& why);

 private:
  struct Asked {
    wire::ApplyRequest request;
    std::string cause;
    Responder responder;
    std::optional<loop::Timer> timer;
  };
  // One group on its way; `then` follows when the step in hand has succeeded.
  struct Step {
    wire::AppliedView view;
    core::SpecPtr then;
    bool is_new = false;  // there is nothing that it could go back to
  };

  void take_up(Asked asked);
  void begin();
  void on_loaded(const config::Loaded& loaded);
  void carry_out(const core::Spec& wanted);
  void carry_out(const config::GroupChange& change, const core::GroupSpec* wanted);
  // Those that depend on others go before them.
  void remove(std::vector<std::string> groups);
  void configure(const core::GroupSpec& spec, core::GroupConfigured::Recipe recipe, Step step);
  core::CommandId announce(const std::string& group, const char* action, Step step);
  std::optional<Error> open_sockets(const core::Spec& wanted, const config::Plan& plan);
  static bool may_wait(const core::GroupSpec& group, const Error& closed, const config::Plan& plan);
  void forget_addresses();
  void reject(const std::vector<std::string>& errors);
  void end(const std::string& result);
  void answer(const wire::Response& response);
  void time_out(std::list<Asked>::iterator asked);

  std::string file_;
  Parts parts_;
  Hooks hooks_;
  std::optional<loop::Work> loading_;
  std::list<Asked> now_;    // who waits for the apply in hand
  std::list<Asked> later_;  // and for the one after it
  bool running_ = false;
  bool giving_ = false;  // commands are being given: none ends the apply
  std::string cause_;
  std::vector<std::string> plan_;
  std::set<std::string> addresses_;
  std::map<core::CommandId, Step> steps_;
  std::vector<wire::AppliedView> done_;
};

}  // namespace superd::daemon
