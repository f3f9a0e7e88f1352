#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a trigger does not look at among that which it finds in directories and by globs. A path
// that is written out is never ignored.
namespace superd::core {

// Editors' own files, what Python writes when it imports, version control.
inline constexpr std::string_view kAlwaysIgnored[] = {
    "4913",         "*.swp", "*.swo",         "*.swx",
    "*~",           "#*#",   ".#*",           ".goutputstream-*",
    ".nfs*",        "*.pyc", "*___jb_tmp___", "*___jb_old___",
    "__pycache__/", ".git/", ".hg/",          ".svn/"};

enum class EntryKind { file, directory };

// A pattern without a slash is a name anywhere; one with a slash is a path below the group's
// directory (or an absolute one); a slash at the end means directories alone, with all that is in
// them.
class Ignore {
 public:
  // `directory` is what patterns with a slash are relative to.
  Ignore(std::span<const std::string> patterns, std::string_view directory);

  // `path` is absolute; only its last name is judged, whoever asks has judged those above.
  [[nodiscard]] bool matches(std::string_view path, EntryKind kind) const;
  // By its name alone, as far as that tells.
  [[nodiscard]] bool matches_name(std::string_view name, EntryKind kind) const;

 private:
  struct Pattern {
    std::vector<std::string> parts;
    bool by_name = true;
    bool directories_alone = false;
  };
  void add(std::string_view pattern, std::string_view directory);

  std::vector<Pattern> patterns_;
};

}  // namespace superd::core
