#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/errands.h"
#include "daemon/tracker.h"

// Errands of a test: the test is superd and keeper at once, so orphans come home to it.
namespace superd::tests {

enum class Tracked {
  by_session,
  strongest,  // by what this machine offers
};

struct ErrandFixture {
  explicit ErrandFixture(Tracked tracked = Tracked::by_session);
  ~ErrandFixture();
  ErrandFixture(const ErrandFixture&) = delete;
  ErrandFixture& operator=(const ErrandFixture&) = delete;

  // A group that runs as the test does, in the test's own directory.
  [[nodiscard]] core::GroupSpec group() const;
  [[nodiscard]] daemon::Recipes::Shared recipe(const core::GroupSpec& group) const;
  core::SpawnId run(std::vector<std::string> command,
                    loop::Duration timeout = std::chrono::seconds(60));
  // Turns the loop until the condition holds; a test that waits half a minute has failed, and so
  // has one whose errand never ran.
  void until(const std::function<bool()>& condition);
  // The same for the end of the latest errand.
  const daemon::ErrandEnd& ended();
  // Until no process of any errand is left.
  void idle();
  [[nodiscard]] std::string read(const std::string& file) const;

  std::string directory;
  loop::Loop loop;
  std::unique_ptr<daemon::Tracker> tracker;
  std::unique_ptr<daemon::Errands> errands;
  std::optional<daemon::ErrandEnd> end;
  int ends = 0;
};

}  // namespace superd::tests
