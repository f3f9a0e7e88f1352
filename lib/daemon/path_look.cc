#include "daemon/path_look.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/glob.h"
#include "daemon/path_digest.h"
#include "os/directory.h"
#include "os/inotify.h"

namespace superd::daemon {
namespace {

constexpr int kMostLinks = 40;
// A trigger on `/` is a mistake that must not cost all memory.
constexpr std::size_t kMostDirectories = 100'000;

constexpr std::uint32_t kComings = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM;
constexpr std::uint32_t kChanges = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

enum class Asks { comings, changes_too };

bool is_missing(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

// A part that is still to be walked.
struct Step {
  PathPart part;
  bool of_link = false;  // of a link's target: not a part of the path as written
  bool watched = false;  // its directory was listed, and is watched
};

// How far a walk along a path has come: `real` has no links, and is empty for the root.
struct Walk {
  std::string real{};
  std::string written{};
  std::uint64_t links = core::kHashBegin;
  int followed = 0;
  std::vector<Step> rest{};  // the next one is last
  bool directories_alone = false;
  bool counts = true;  // false: only to be watched
};

std::string joined(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

core::Identity identity_of(const struct stat& status, std::uint64_t links) {
  return {.mtime_ns = nanoseconds(status.st_mtim),
          .size = static_cast<std::uint64_t>(status.st_size),
          .inode = status.st_ino,
          .links = links};
}

class Looker {
 public:
  Looker(const LookOrder& order, int inotify, const core::Snapshot* before,
         const std::vector<std::uint64_t>& deleted)
      : order_(order),
        inotify_(inotify),
        comparison_({.before = before, .deleted = deleted, .first_look_ns = order.first_look_ns},
                    order.judge) {}

  Look go() {
    for (const PathPattern& path : order_.paths) {
      Walk walk;
      walk.directories_alone = path.directories_alone;
      for (auto part = path.parts.rbegin(); part != path.parts.rend(); ++part) {
        walk.rest.push_back({.part = *part});
      }
      walks_.push_back(std::move(walk));
    }
    while (!walks_.empty()) {
      Walk walk = std::move(walks_.back());
      walks_.pop_back();
      go_along(std::move(walk));
    }
    look_.seen = comparison_.finish(extent_);
    std::ranges::sort(look_.interests, {}, &Interest::watch);
    return std::move(look_);
  }

 private:
  void go_along(Walk walk);
  // Whether the walk goes on.
  bool enter(Walk& walk, const Step& step);
  void follow(Walk& walk, const std::string& path);
  void branch(const Walk& walk, const Step& step);
  void descend(const Walk& walk);
  void enter_directory(const Walk& walk);
  void look_into_tree(std::string real, std::string written, std::uint64_t links);
  void look_at_entry(const Walk& place, const os::DirectoryEntry& found);
  void look_at_link(const Walk& place, const std::string& name);

  void see(const std::string& real, const std::string& written, const struct stat& status,
           std::uint64_t links);
  void watch(const Walk& walk, Asks asks, Interest::Kind kind, const std::string& text);
  std::vector<os::DirectoryEntry> list(const std::string& real);
  void trouble(const std::string& path, int error);

  const LookOrder& order_;
  int inotify_;
  core::Comparison comparison_;
  core::Comparison::Extent extent_ = core::Comparison::Extent::whole;
  std::size_t directories_ = 0;
  std::vector<Walk> walks_;
  Look look_;
};

void Looker::go_along(Walk walk) {
  while (!walk.rest.empty()) {
    const Step step = std::move(walk.rest.back());
    walk.rest.pop_back();
    switch (step.part.kind) {
      case PathPart::Kind::name:
        if (!enter(walk, step)) return;
        break;
      case PathPart::Kind::pattern:
        return branch(walk, step);
      case PathPart::Kind::any_depth:
        if (walk.rest.empty()) break;
        return descend(walk);
    }
  }
  enter_directory(walk);
}

bool Looker::enter(Walk& walk, const Step& step) {
  const std::string& name = step.part.text;
  if (!step.of_link) walk.written = joined(walk.written, name);
  if (name == "..") {
    walk.real.resize(std::min(walk.real.rfind('/'), walk.real.size()));
    return true;
  }
  if (!step.watched) {
    // The path as written is that of the name already.
    Walk place = walk;
    place.written.resize(place.written.rfind('/'));
    watch(step.of_link ? walk : place, walk.rest.empty() ? Asks::changes_too : Asks::comings,
          Interest::Kind::name, name);
  }
  const std::string path = joined(walk.real, name);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    trouble(path, errno);
    return false;
  }
  if (S_ISLNK(status.st_mode)) {
    follow(walk, path);
    return walk.followed <= kMostLinks;
  }
  if (S_ISDIR(status.st_mode)) {
    walk.real = path;
    return true;
  }
  if (walk.rest.empty() && walk.counts && !walk.directories_alone) {
    see(path, walk.written, status, walk.links);
  }
  return false;
}

void Looker::follow(Walk& walk, const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  ++walk.followed;
  // It is another thing by now, which an event tells.
  if (length < 0) walk.followed = kMostLinks + 1;
  target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  walk.links = core::hash_on(walk.links, target);
  if (target.starts_with('/')) walk.real.clear();
  const std::vector<std::string> parts = core::parts_of(target);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    walk.rest.push_back({.part = {.kind = PathPart::Kind::name, .text = *part}, .of_link = true});
  }
}

void Looker::branch(const Walk& walk, const Step& step) {
  watch(walk, walk.rest.empty() ? Asks::changes_too : Asks::comings, Interest::Kind::pattern,
        step.part.text);
  for (const os::DirectoryEntry& found : list(walk.real)) {
    if (!core::match_name(step.part.text, found.name, core::HiddenNames::by_dot_alone)) continue;
    const auto kind =
        found.type == os::FileType::directory ? core::EntryKind::directory : core::EntryKind::file;
    if (order_.ignore.matches(joined(walk.written, found.name), kind)) continue;
    Walk further = walk;
    further.rest.push_back({.part = {.kind = PathPart::Kind::name, .text = found.name},
                            .of_link = false,
                            .watched = true});
    walks_.push_back(std::move(further));
  }
}

// `**` and more: what follows, here and in every directory below.
void Looker::descend(const Walk& walk) {
  watch(walk, Asks::comings, Interest::Kind::tree, "");
  walks_.push_back(walk);
  for (const os::DirectoryEntry& found : list(walk.real)) {
    if (found.type != os::FileType::directory || found.name.starts_with('.')) continue;
    Walk further = walk;
    further.real = joined(walk.real, found.name);
    further.written = joined(walk.written, found.name);
    if (order_.ignore.matches(further.written, core::EntryKind::directory)) continue;
    further.rest.push_back({.part = {.kind = PathPart::Kind::any_depth, .text = {}}});
    walks_.push_back(std::move(further));
  }
}

void Looker::enter_directory(const Walk& walk) {
  struct stat status {};
  const std::string path = walk.real.empty() ? "/" : walk.real;
  if (::lstat(path.c_str(), &status) != 0) return trouble(path, errno);
  if (!walk.counts) return;
  comparison_.see(walk.written, {.inode = status.st_ino, .links = walk.links}, 0, 0);
  look_into_tree(walk.real, walk.written, walk.links);
}

void Looker::look_into_tree(std::string real, std::string written, std::uint64_t links) {
  std::vector<Walk> below;
  below.push_back({.real = std::move(real), .written = std::move(written), .links = links});
  while (!below.empty()) {
    const Walk place = std::move(below.back());
    below.pop_back();
    watch(place, Asks::changes_too, Interest::Kind::tree, "");
    for (const os::DirectoryEntry& found : list(place.real)) {
      if (found.type != os::FileType::directory) {
        look_at_entry(place, found);
        continue;
      }
      Walk further{.real = joined(place.real, found.name),
                   .written = joined(place.written, found.name),
                   .links = place.links};
      if (order_.ignore.matches(further.written, core::EntryKind::directory)) continue;
      below.push_back(std::move(further));
    }
  }
}

void Looker::look_at_entry(const Walk& place, const os::DirectoryEntry& found) {
  const std::string written = joined(place.written, found.name);
  if (order_.ignore.matches(written, core::EntryKind::file)) return;
  const std::string real = joined(place.real, found.name);
  if (found.type == os::FileType::link) return look_at_link(place, found.name);
  struct stat status {};
  if (::lstat(real.c_str(), &status) != 0) return trouble(real, errno);
  see(real, written, status, place.links);
}

void Looker::look_at_link(const Walk& place, const std::string& name) {
  const std::string real = joined(place.real, name);
  Walk walk = place;
  walk.counts = false;
  follow(walk, real);
  struct stat target {};
  const int error = ::stat(real.c_str(), &target) == 0 ? 0 : errno;
  if (error == 0 && S_ISDIR(target.st_mode)) {
    comparison_.see(joined(place.written, name), {.links = walk.links}, 0, 0);
    return;
  }
  if (error == 0) {
    see(real, joined(place.written, name), target, walk.links);
  } else {
    trouble(real, error);
  }
  walks_.push_back(std::move(walk));
}

void Looker::see(const std::string& real, const std::string& written, const struct stat& status,
                 std::uint64_t links) {
  if (!S_ISREG(status.st_mode)) return;
  const core::Identity identity = identity_of(status, links);
  auto digest = comparison_.known_digest(written, identity);
  if (!digest) {
    const Result<std::uint64_t> read = digest_of(real);
    if (!read && is_missing(read.error().code)) return;
    if (!read) trouble(real, read.error().code);
    // What cannot be read is judged by its time.
    digest = read ? *read : static_cast<std::uint64_t>(identity.mtime_ns);
  }
  comparison_.see(written, identity, *digest, nanoseconds(status.st_ctim));
}

void Looker::watch(const Walk& walk, Asks asks, Interest::Kind kind, const std::string& text) {
  if (inotify_ < 0) return;
  const std::uint32_t mask = kComings | (asks == Asks::changes_too ? kChanges : 0) | IN_EXCL_UNLINK;
  const Result<int> watch = os::add_watch(inotify_, walk.real.empty() ? "/" : walk.real, mask);
  if (watch) {
    look_.interests.push_back({.watch = *watch,
                               .kind = kind,
                               .text = text,
                               .directory = core::hash_on(core::kHashBegin, walk.written)});
    return;
  }
  const int error = watch.error().code;
  // A directory that may not be listed is said to be unseen.
  const bool told = error == EACCES && kind != Interest::Kind::name;
  if (is_missing(error) || told || look_.unwatched) return;
  look_.unwatched = error == ENOSPC ? "there are as many inotify watches as there may be: raise "
                                      "fs.inotify.max_user_watches"
                                    : watch.error().message;
}

// Empty where it cannot be listed, which is told.
std::vector<os::DirectoryEntry> Looker::list(const std::string& real) {
  const std::string path = real.empty() ? "/" : real;
  if (++directories_ > kMostDirectories) {
    extent_ = core::Comparison::Extent::part;
    look_.unseen = fmt::format("{} and more: over {} directories", path, kMostDirectories);
    return {};
  }
  Result<std::vector<os::DirectoryEntry>> entries = os::list_directory(path);
  if (entries) return std::move(*entries);
  trouble(path, entries.error().code);
  return {};
}

void Looker::trouble(const std::string& path, int error) {
  if (is_missing(error)) return;
  extent_ = core::Comparison::Extent::part;
  if (!look_.unseen) look_.unseen = fmt::format("{}: {}", path, std::strerror(error));
}

}  // namespace

PathPattern PathPattern::make(std::string_view directory, std::string_view path) {
  PathPattern pattern;
  pattern.directories_alone = path.ends_with('/');
  if (!path.starts_with('/')) {
    for (std::string& part : core::parts_of(directory)) {
      pattern.parts.push_back({.kind = PathPart::Kind::name, .text = std::move(part)});
    }
  }
  for (const std::string& part : core::parts_of(path)) {
    if (part == "**") {
      pattern.parts.push_back({.kind = PathPart::Kind::any_depth, .text = {}});
    } else if (core::is_pattern(part)) {
      pattern.parts.push_back({.kind = PathPart::Kind::pattern, .text = part});
    } else {
      pattern.parts.push_back({.kind = PathPart::Kind::name, .text = core::plain_name(part)});
    }
  }
  return pattern;
}

Look look(const LookOrder& order, int inotify, const core::Snapshot* before,
          const std::vector<std::uint64_t>& deleted) {
  const auto begin = std::chrono::steady_clock::now();
  Look result = Looker(order, inotify, before, deleted).go();
  result.took = std::chrono::steady_clock::now() - begin;
  return result;
}

}  // namespace superd::daemon
