#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/supervision.h"
#include "daemon/process_record.h"
#include "daemon/recipe.h"
#include "journal/state_json.h"
#include "journal/store.h"

namespace superd::daemon {

// What an earlier supervisor left for the next.
struct Recovered {
  core::Spec spec;  // in force: superd's own, hooks, and the groups' as they are now
  std::vector<core::Group> groups;
  core::InHand in_hand;
  struct Made {
    core::SpecPtr spec;
    Recipe recipe;
  };
  std::vector<Made> recipes;
  std::map<core::SpawnId, ProcessRecord> processes;
  std::map<std::string, std::string> rolls;      // by key: Rolls::restore()
  std::map<std::string, std::string> metrics;    // by key: Tally::restore()
  std::map<std::string, std::string> automatic;  // by group: Automatic::restore()
  std::map<std::string, std::string> seen;       // by group: Triggers::set()
  core::CommandId commands{};                    // no id above it was given; 0: not known
  bool start_told = false;                       // superd's own start was answered
  bool upgraded = false;                         // it left to make room for another program
  std::string version;                           // of that supervisor
  journal::SpecNumbers specs;
};
// From the journal's values (journal/record.h). What cannot be read is told; nothing: a group, a
// worker or a process is among it, so that what remains would end workers that serve. A recipe that
// is lost is made anew, a roll that is over is no longer known.
std::optional<Recovered> read_back(const std::map<std::string, std::string>& values,
                                   std::vector<std::string>& complaints);

// Writes down what the supervisor knows, so that the next one can go on. note() and forget()
// collect, flush() writes: before the effects of what was noted are carried out.
class Journal {
 public:
  explicit Journal(journal::Store store, journal::SpecNumbers specs = {})
      : store_(std::move(store)), specs_(std::move(specs)) {}

  // What the core has touched since the last call.
  void note(core::Supervision& core);
  // The recipes of a group that are made, with the configurations that they go by.
  void note(const std::string& group, const Recipes& recipes);
  void note(const ProcessRecord& record);
  void forget(core::SpawnId spawn);
  struct Daemon {
    bool start_told = false;  // superd's own start was answered
    bool upgrading = false;   // the next supervisor is of another program
  };
  void note_daemon(const core::Spec& spec, Daemon daemon);
  // No id above it is given before it is written down.
  void note_commands(core::CommandId most);
  void note_roll(const std::string& key, std::string text) { store_.put(key, std::move(text)); }
  // An empty text: the value is gone.
  void note_metric(const std::string& key, std::string text);
  void note_automatic(const std::string& group, std::string text);
  void note_seen(const std::string& group, std::string text);
  void drop_rolls(const std::string& prefix) { store_.drop_all(prefix); }

  // A journal that cannot be written is complained of once, and superd goes on; false then.
  bool flush();
  // Written anew where somebody has removed it.
  void look_after();
  void remove() { store_.remove(); }
  [[nodiscard]] const std::string& path() const { return store_.path(); }
  // The last flush did not reach the file.
  [[nodiscard]] bool failing() const { return store_.failing(); }

 private:
  void note_value(const std::string& key, std::string text);
  void note_group(const core::Supervision& core, const std::string& name);
  void drop_unused_specs(const core::Supervision& core);

  journal::Store store_;
  journal::SpecNumbers specs_;
  std::map<std::string, std::set<core::SpecPtr>> recipe_specs_;  // by group
  std::map<std::string, std::size_t> workers_;                   // by group: written
};

}  // namespace superd::daemon
