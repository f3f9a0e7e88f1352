#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ignore.h"
#include "core/path_change.h"

// One look at the paths of a trigger: what exists is told to a Comparison, and every directory on
// the way is watched before it is looked into, so that nothing falls between the two. All of it may
// hang on a dead file system: it is done in the thread pool.
//
// Links in the paths themselves are followed, each with the directories of its target. In a
// directory that is watched with all below it a link to a file counts as link and target, one to a
// directory as the link alone. Only regular files count, and the directories that the paths name.
namespace superd::daemon {

struct PathPart {
  enum class Kind { name, pattern, any_depth };
  Kind kind = Kind::name;
  std::string text;

  friend bool operator==(const PathPart&, const PathPart&) = default;
};

struct PathPattern {
  std::vector<PathPart> parts;     // from the root on
  bool directories_alone = false;  // it ended with a slash

  friend bool operator==(const PathPattern&, const PathPattern&) = default;

  // `directory` is taken as it is, `path` may have patterns; an absolute one needs no directory.
  static PathPattern make(std::string_view directory, std::string_view path);
};

// What a look goes by; shared with the pool.
struct LookOrder {
  std::vector<PathPattern> paths;
  core::Ignore ignore;
  core::Judge judge = core::Judge::identity;
  std::int64_t first_look_ns = 0;  // as in core::Comparison
};

// That something in a watched directory concerns the trigger.
struct Interest {
  enum class Kind { name, pattern, tree };  // tree: whatever is not ignored
  int watch = -1;
  Kind kind = Kind::name;
  std::string text;             // the name, or the pattern
  std::uint64_t directory = 0;  // hash of its path as the trigger has it, for core::hash_path
};

struct Look {
  core::Comparison::Result seen;
  std::vector<Interest> interests;       // by watch
  std::optional<std::string> unwatched;  // why a directory could not be watched
  std::optional<std::string> unseen;     // what could not be looked at, and why
  std::chrono::nanoseconds took{};
};

// `inotify`: where watches are put; -1: nowhere. `before` and `deleted` as for Comparison.
Look look(const LookOrder& order, int inotify, const core::Snapshot* before,
          const std::vector<std::uint64_t>& deleted);

}  // namespace superd::daemon
