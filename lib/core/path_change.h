#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// When a path has changed: its identity is another one, in any direction. Deletion is no change;
// creation is, also that of what was deleted before, whatever it looks like. Pure.
namespace superd::core {

// FNV-1a, as it goes on: the hash of a path is that of its directory and then `/NAME`.
inline constexpr std::uint64_t kHashBegin = 0xcbf29ce484222325ULL;
std::uint64_t hash_on(std::uint64_t hash, std::string_view bytes);
std::uint64_t hash_path(std::uint64_t directory, std::string_view name);

struct Identity {
  std::int64_t mtime_ns = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = kHashBegin;  // the texts of all links on the way, by hash_on
};

// What was seen of all paths of a trigger at one time: by hashes, which keeps a tree of 50,000
// files in about a megabyte.
class Snapshot {
 public:
  struct Entry {
    std::uint64_t path = 0;
    std::uint64_t identity = 0;
    std::uint64_t digest = 0;  // of the content; 0: not read
    bool gone = false;         // was there once

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  // Nothing for a path that never was.
  [[nodiscard]] const Entry* find(std::uint64_t path) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
  // What the next supervisor is told, in one line; empty where there are more than kMostKept.
  static constexpr std::size_t kMostKept = 4096;
  [[nodiscard]] std::string to_text() const;
  // Nothing for what to_text() does not give.
  static std::optional<Snapshot> from(std::string_view text);

 private:
  friend class Comparison;
  std::vector<Entry> entries_;  // by path
};

enum class Judge { identity, content };

// One look at all paths, held against the one before.
class Comparison {
 public:
  static constexpr std::size_t kMostNames = 3;  // of changed paths that are kept
  static constexpr std::size_t kMostGone = 4096;

  // Without `before` it is the first look, which takes its time: only what has changed since it
  // began, by see()'s `touched`, is a change. `deleted` are the paths of which it is known that
  // they were deleted since. Both outlive the object.
  struct Past {
    const Snapshot* before = nullptr;
    const std::vector<std::uint64_t>& deleted;
    std::int64_t first_look_ns = 0;  // since 1970
  };
  Comparison(const Past& past, Judge judge) : past_(past), judge_(judge) {}

  // The digest that see() is to be given where the content decides; nothing: it has to be read.
  [[nodiscard]] std::optional<std::uint64_t> known_digest(std::string_view path,
                                                          const Identity& identity) const;
  // A path that exists; seen twice it counts once. `digest` is 0 where the identity decides,
  // `touched_ns` when the file system last noted anything about it (ctime).
  void see(std::string_view path, const Identity& identity, std::uint64_t digest,
           std::int64_t touched_ns);

  // Where a part of a look failed nothing is known of what was not seen.
  enum class Extent { whole, part };
  struct Result {
    Snapshot now;
    std::size_t existing = 0;  // seen, or not known to be gone
    std::size_t changed = 0;
    std::vector<std::string> names;  // of the first changed paths
    // Differs where two looks saw different things.
    std::uint64_t print = 0;
  };
  Result finish(Extent extent);

 private:
  [[nodiscard]] bool is_change(const Snapshot::Entry& entry, std::int64_t touched_ns) const;

  Past past_;
  Judge judge_;
  std::vector<std::uint64_t> changed_;
  Result result_;
};

// `/srv/web/app.wsgi changed`, `/srv/web/a.ini and 4 more changed`
std::string changed_text(const Comparison::Result& result);

}  // namespace superd::core
