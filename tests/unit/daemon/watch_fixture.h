#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/path_watch.h"
#include "loop/loop.h"

// What the tests of path watches share: a directory of files, and a watch on some of them.
namespace superd::daemon::test {

class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text = "x") const;
  void make_directory(const std::string& name) const;  // and those above it
  void link(const std::string& target, const std::string& name) const;
  void rename(const std::string& from, const std::string& to) const;
  void remove(const std::string& name) const;  // with all below it
  // Times of a file, as touch -d sets them; seconds since 1970.
  void touch(const std::string& name, std::int64_t seconds) const;

 private:
  std::string path_;
};

struct Wanted {
  std::vector<std::string> paths;  // relative to the folder
  std::vector<std::string> ignore{};
  core::Judge judge = core::Judge::identity;
  core::Duration settle = std::chrono::milliseconds(20);
  core::Duration poll{0};
};

class Watching {
 public:
  // Comes back when the first look was taken.
  Watching(const Folder& folder, const Wanted& wanted);

  // What fires next: the first changed path, relative to the folder; `nothing` when none came.
  std::string fires();
  // Whether nothing is left that could fire.
  bool is_quiet();
  [[nodiscard]] int fired() const { return fired_; }
  PathWatch& watch() { return *watch_; }
  bool run_until(const std::function<bool()>& condition);

 private:
  const Folder& folder_;
  loop::Loop loop_;
  LookTurns turns_;
  int rounds_ = 0;
  int fired_ = 0;
  std::vector<std::string> names_;
  std::unique_ptr<PathWatch> watch_;
};

}  // namespace superd::daemon::test
