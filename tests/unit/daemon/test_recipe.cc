#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/recipe.h"

using namespace superd;
namespace fs = std::filesystem;

namespace {

core::SpecPtr shared(const core::GroupSpec& spec) {
  return std::make_shared<const core::GroupSpec>(spec);
}

// `releases/1` and `releases/2`, and `current`, which leads to one of them.
class Releases {
 public:
  Releases() {
    char name[] = "/tmp/superd-recipe-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root_ = name;
    for (const char* release : {"1", "2"}) {
      fs::create_directories(root_ / "releases" / release);
      std::ofstream(root_ / "releases" / release / ".env") << "RELEASE=" << release << "\n";
    }
    lead_to("1");
  }
  ~Releases() { fs::remove_all(root_); }
  Releases(const Releases&) = delete;
  Releases& operator=(const Releases&) = delete;

  void lead_nowhere() { fs::remove(root_ / "current"); }
  void lead_to(const std::string& release) {
    fs::remove(root_ / "next");
    fs::create_symlink("releases/" + release, root_ / "next");
    fs::rename(root_ / "next", root_ / "current");
  }
  [[nodiscard]] std::string release(const std::string& name) const {
    return fs::canonical(root_ / "releases" / name);
  }
  [[nodiscard]] core::GroupSpec web() const {
    core::GroupSpec spec;
    spec.name = "web";
    spec.command = {"bin/serve"};
    spec.workers = 2;
    spec.directory = root_ / "current";
    spec.env_file = root_ / "current/.env";
    return spec;
  }

 private:
  fs::path root_;
};

daemon::Recipe made(const core::GroupSpec& spec, int generation) {
  auto recipe = daemon::make_recipe(spec, generation);
  REQUIRE(recipe);
  return *recipe;
}

std::uint64_t print_of(const core::GroupSpec& spec) { return fingerprint(made(spec, 1)); }

}  // namespace

TEST_CASE("a recipe: a link to a release is followed once, with the environment file behind it",
          "[recipe]") {
  Releases releases;
  const daemon::Recipe first = made(releases.web(), 1);
  releases.lead_to("2");
  const daemon::Recipe second = made(releases.web(), 2);
  for (const auto& worker : first.workers) {
    CHECK(worker.directory == releases.release("1"));
    CHECK(worker.env_file.at(0).value == "1");
  }
  for (const auto& worker : second.workers) {
    CHECK(worker.directory == releases.release("2"));
    CHECK(worker.env_file.at(0).value == "2");
  }
  CHECK(fingerprint(first) != fingerprint(second));
}

TEST_CASE("a recipe: generations that start the same have one fingerprint", "[recipe]") {
  const Releases releases;
  CHECK(fingerprint(made(releases.web(), 1)) == fingerprint(made(releases.web(), 2)));
}

TEST_CASE("a recipe: whatever makes a start another one shows in the fingerprint", "[recipe]") {
  const Releases releases;
  const std::function<void(core::GroupSpec&)> changes[] = {
      [](auto& s) {
        s.command = {"bin/", "serve"};
      },
      [](auto& s) { s.command.emplace_back(); },
      [](auto& s) { s.env = {{.name = "A", .value = "B"}}; },
      [](auto& s) { s.env_file.reset(); },
      [](auto& s) { s.directory = "/"; },
      [](auto& s) { s.clear_env = true; },
      [](auto& s) { s.umask = 022; },
      [](auto& s) { s.port_base = 8000; },
      [](auto& s) { s.user = std::to_string(::geteuid()); },
      [](auto& s) { s.listen.resize(1); },
      [](auto& s) { s.limits.nofile = {.soft = 100, .hard = 200}; },
      [](auto& s) { s.limits.core = {.soft = 100, .hard = 200}; },
      [](auto& s) { s.limits.nice = 1; },
      [](auto& s) { s.limits.oom_score_adj = 1; },
      [](auto& s) { s.limits.cpus = {0}; },
      [](auto& s) { s.limits.no_new_privileges = true; },
  };
  std::set<std::uint64_t> seen = {print_of(releases.web())};
  for (const auto& change : changes) {
    core::GroupSpec spec = releases.web();
    change(spec);
    CHECK(seen.insert(print_of(spec)).second);
  }
}

TEST_CASE("a recipe: what decides nothing about the start leaves the fingerprint as it is",
          "[recipe]") {
  const Releases releases;
  core::GroupSpec spec = releases.web();
  spec.ready.timeout = std::chrono::seconds(1);
  spec.stop.signal = 3;
  spec.roll.before = {"true"};
  CHECK(print_of(spec) == print_of(releases.web()));
}

TEST_CASE("a recipe: it is told when it is made, before those who wait for it get it", "[recipe]") {
  const Releases releases;
  loop::Loop loop = *loop::Loop::create();
  std::vector<std::string> story;
  daemon::Recipes recipes(loop, [&](const core::RecipeMade& e) {
    story.push_back("made " + e.group + " " + std::to_string(e.generation));
  });
  recipes.make(shared(releases.web()), 3);
  recipes.with("web", 3, 1, [&](const auto& recipe) {
    story.push_back(recipe ? "got" : recipe.error().message);
  });
  while (story.size() < 2) loop.run_once();
  CHECK(story == std::vector<std::string>{"made web 3", "got"});
}

TEST_CASE("a recipe: of one that cannot be made nothing is told but the reason", "[recipe]") {
  core::GroupSpec spec = Releases().web();
  loop::Loop loop = *loop::Loop::create();
  int told = 0;
  std::string reason;
  daemon::Recipes recipes(loop, [&](const core::RecipeMade&) { ++told; });
  recipes.make(shared(spec), 1);
  recipes.with("web", 1, 1, [&](const auto& recipe) { reason = recipe.error().message; });
  while (reason.empty()) loop.run_once();
  CHECK(told == 0);
  CHECK(reason.find("No such file or directory") != std::string::npos);
}

TEST_CASE("a recipe: of a link that is missing it is made once the link is there, and then stays",
          "[recipe]") {
  Releases releases;
  core::GroupSpec spec = releases.web();
  spec.env_file.reset();
  loop::Loop loop = *loop::Loop::create();
  daemon::Recipes recipes(loop, [](const core::RecipeMade&) {});
  std::vector<std::string> story;
  const auto ask = [&] {
    const std::size_t before = story.size();
    recipes.with("web", 1, 1, [&](const auto& recipe) {
      story.push_back(recipe ? (*recipe)->workers.at(0).directory : recipe.error().message);
    });
    while (story.size() == before) loop.run_once();
  };
  releases.lead_nowhere();
  recipes.make(shared(spec), 1);
  ask();
  releases.lead_to("1");
  ask();
  releases.lead_to("2");
  ask();
  CHECK(story == std::vector<std::string>{"chdir " + spec.directory + ": No such file or directory",
                                          releases.release("1"), releases.release("1")});
}
