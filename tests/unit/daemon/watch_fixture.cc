#include "watch_fixture.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "loop/timer.h"

namespace superd::daemon::test {
namespace {

loop::Loop make_loop() {
  Result<loop::Loop> loop = loop::Loop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

}  // namespace

Folder::Folder() {
  char name[] = "/tmp/superd-watch-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name)) << text;
}
void Folder::make_directory(const std::string& name) const {
  std::filesystem::create_directories(path(name));
}
void Folder::link(const std::string& target, const std::string& name) const {
  std::filesystem::create_symlink(target, path(name));
}
void Folder::rename(const std::string& from, const std::string& to) const {
  std::filesystem::rename(path(from), path(to));
}
void Folder::remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
void Folder::touch(const std::string& name, std::int64_t seconds) const {
  const std::array<timespec, 2> times{timespec{.tv_sec = seconds, .tv_nsec = 0},
                                      timespec{.tv_sec = seconds, .tv_nsec = 0}};
  REQUIRE(::utimensat(AT_FDCWD, path(name).c_str(), times.data(), 0) == 0);
}

Watching::Watching(const Folder& folder, const Wanted& wanted)
    : folder_(folder), loop_(make_loop()) {
  Subject subject{.order = {.paths = {},
                            .ignore = core::Ignore(wanted.ignore, folder.path()),
                            .judge = wanted.judge},
                  .settle = wanted.settle,
                  .poll = wanted.poll};
  for (const std::string& path : wanted.paths) {
    subject.order.paths.push_back(PathPattern::make(folder.path(), path));
  }
  watch_ = std::make_unique<PathWatch>(
      loop_, turns_, "web", std::vector{std::move(subject)},
      PathWatch::Callbacks{.on_change =
                               [this](std::size_t, const core::Comparison::Result& seen) {
                                 ++fired_;
                                 names_.push_back(seen.names.front());
                               },
                           .on_look = [](std::size_t, std::size_t) {},
                           .on_round = [this] { ++rounds_; }});
  REQUIRE(run_until([this] { return rounds_ > 0; }));
}

std::string Watching::fires() {
  if (!run_until([this] { return !names_.empty(); })) return "nothing";
  const std::string name = names_.front();
  names_.erase(names_.begin());
  return name.starts_with(folder_.path() + "/") ? name.substr(folder_.path().size() + 1) : name;
}

bool Watching::is_quiet() {
  watch_->hurry();
  return run_until([this] { return !watch_->settling(); }) && names_.empty();
}

bool Watching::run_until(const std::function<bool()>& condition) {
  const loop::TimePoint limit = loop::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (loop::now() > limit) return false;
    loop::Timer turn(loop_, [] {});
    turn.after(std::chrono::milliseconds(5));
    loop_.run_once();
  }
  return true;
}

}  // namespace superd::daemon::test
