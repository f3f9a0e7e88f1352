#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/responder.h"

namespace superd::daemon {

// superd becomes the program that lies on disk now. The keeper does it (keeper/upgrade.h); the
// supervisor writes down all that it knows, asks, and leaves when the keeper is another program;
// the supervisor that comes after it goes on from the journal, as after a crash. What does not
// succeed changes nothing.
class Upgrade {
 public:
  struct Hooks {
    // Everything the next supervisor needs is in the journal; false: it cannot be written.
    std::function<bool()> save;
    std::function<Status()> ask_keeper;
    // It came to nothing.
    std::function<void()> resume;
  };

  explicit Upgrade(Hooks hooks) : hooks_(std::move(hooks)) {}

  // Answered when it is known what became of it. Who asks while one is under way waits for that.
  void request(const std::string& cause, Responder out);
  [[nodiscard]] bool under_way() const { return under_way_; }
  // The keeper's words: an errno, as in keeper::UpgradeFailed.
  void failed(int error);
  // The keeper is the new program.
  void done();

 private:
  void answer(bool ok, const std::string& message);

  Hooks hooks_;
  bool under_way_ = false;
  std::vector<Responder> waiting_;
};

}  // namespace superd::daemon
