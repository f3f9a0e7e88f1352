#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "watch_fixture.h"

using namespace superd;
using namespace superd::daemon;
using namespace superd::daemon::test;
using namespace std::chrono_literals;

TEST_CASE("trigger: a file that is written, touched or set back in time has changed", "[daemon]") {
  const Folder folder;
  folder.write("app.wsgi");
  folder.touch("app.wsgi", 1'700'000'000);
  Watching watching(folder, {.paths = {"app.wsgi"}});

  folder.write("app.wsgi", "y");
  CHECK(watching.fires() == "app.wsgi");
  folder.touch("app.wsgi", 1'700'000'000);
  CHECK(watching.fires() == "app.wsgi");
  folder.touch("app.wsgi", 1'600'000'000);
  CHECK(watching.fires() == "app.wsgi");
  CHECK(watching.is_quiet());
}

TEST_CASE("trigger: a file that is replaced by a rename, or does not exist yet, is watched",
          "[daemon]") {
  const Folder folder;
  Watching watching(folder, {.paths = {"conf/deep/app.wsgi"}});

  folder.make_directory("conf/deep");
  folder.write("conf/deep/app.wsgi");
  CHECK(watching.fires() == "conf/deep/app.wsgi");
  for (int i = 0; i < 3; ++i) {
    folder.write("conf/deep/.new", std::string(static_cast<std::size_t>(i + 2), 'y'));
    folder.rename("conf/deep/.new", "conf/deep/app.wsgi");
    CHECK(watching.fires() == "conf/deep/app.wsgi");
  }
  CHECK(watching.is_quiet());
}

TEST_CASE("trigger: a deletion is none, the creation after it is one", "[daemon]") {
  const Folder folder;
  folder.write("a");
  folder.touch("a", 1'700'000'000);
  Watching watching(folder, {.paths = {"a"}});

  folder.rename("a", "b");
  CHECK(watching.is_quiet());
  folder.rename("b", "a");
  CHECK(watching.fires() == "a");
  // Also where nobody had time to look in between.
  folder.rename("a", "b");
  folder.rename("b", "a");
  CHECK(watching.fires() == "a");
  CHECK(watching.fired() == 2);
}

TEST_CASE("trigger: a link that is switched has changed, though the files are the same ones",
          "[daemon]") {
  const Folder folder;
  folder.make_directory("releases/1");
  folder.make_directory("releases/2");
  folder.write("releases/1/app.wsgi");
  std::filesystem::create_hard_link(folder.path("releases/1/app.wsgi"),
                                    folder.path("releases/2/app.wsgi"));
  folder.link("releases/1", "current");
  Watching watching(folder, {.paths = {"current/app.wsgi"}});

  folder.link("releases/2", "next");
  folder.rename("next", "current");
  CHECK(watching.fires() == "current/app.wsgi");
  // From now on the target is the new one.
  folder.write("releases/2/app.wsgi", "yy");
  CHECK(watching.fires() == "current/app.wsgi");
  CHECK(watching.is_quiet());
}

TEST_CASE("trigger: the target of a link is watched wherever it is", "[daemon]") {
  const Folder folder;
  folder.make_directory("shared");
  folder.make_directory("src");
  folder.write("shared/settings.py");
  folder.link("../shared/settings.py", "src/settings.py");
  Watching watching(folder, {.paths = {"src/"}});

  folder.write("shared/settings.py", "yy");
  CHECK(watching.fires() == "src/settings.py");
  folder.remove("shared");
  CHECK(watching.is_quiet());
  folder.make_directory("shared");
  folder.write("shared/settings.py", "z");
  CHECK(watching.fires() == "src/settings.py");
}

TEST_CASE("trigger: a directory is watched with all below it, as it comes and goes", "[daemon]") {
  const Folder folder;
  folder.make_directory("src/a/b");
  Watching watching(folder, {.paths = {"src/"}});

  folder.write("src/a/b/one.py");
  CHECK(watching.fires() == "src/a/b/one.py");
  folder.make_directory("src/c/d");
  folder.write("src/c/d/two.py");
  CHECK(watching.fires() == "src/c/d/two.py");
  CHECK(watching.is_quiet());
  folder.write("src/c/d/three.py");
  CHECK(watching.fires() == "src/c/d/three.py");
  folder.remove("src");
  CHECK(watching.is_quiet());
  folder.make_directory("src/c");
  folder.write("src/c/four.py");
  CHECK(watching.run_until([&] { return watching.fired() >= 4; }));
}

TEST_CASE("trigger: a glob sees what matches it, a later file too, and nothing else", "[daemon]") {
  const Folder folder;
  folder.make_directory("conf/x");
  Watching watching(folder, {.paths = {"conf/*.ini", "apps/**/app.wsgi"}});

  folder.write("conf/a.txt");
  folder.write("conf/x/b.ini");
  CHECK(watching.is_quiet());
  folder.write("conf/a.ini");
  CHECK(watching.fires() == "conf/a.ini");
  folder.make_directory("apps/one/two");
  folder.write("apps/one/two/app.wsgi");
  CHECK(watching.fires() == "apps/one/two/app.wsgi");
}

TEST_CASE("trigger: what is ignored is no change, and what editors leave is always", "[daemon]") {
  const Folder folder;
  folder.make_directory("src/log");
  folder.make_directory("src/__pycache__");
  Watching watching(folder, {.paths = {"src/"}, .ignore = {"*.log", "src/log/"}});

  folder.write("src/a.log");
  folder.write("src/log/x");
  folder.write("src/.a.py.swp");
  folder.write("src/a.py~");
  folder.write("src/__pycache__/a.pyc");
  CHECK(watching.is_quiet());
  folder.write("src/a.py");
  CHECK(watching.fires() == "src/a.py");
  CHECK(watching.fired() == 1);
}

TEST_CASE("trigger: with content = true only other bytes are a change", "[daemon]") {
  const Folder folder;
  folder.write("a", "same");
  Watching watching(folder, {.paths = {"a"}, .judge = core::Judge::content});

  folder.touch("a", 1'600'000'000);
  CHECK(watching.is_quiet());
  folder.remove("a");
  folder.write("a", "same");
  CHECK(watching.is_quiet());
  folder.write("a", "diff");
  CHECK(watching.fires() == "a");
}

TEST_CASE("trigger: a burst of writes is one action", "[daemon]") {
  const Folder folder;
  folder.make_directory("src");
  Watching watching(folder, {.paths = {"src/"}});

  for (int i = 0; i < 200; ++i) folder.write("src/" + std::to_string(i));
  CHECK(watching.fires().starts_with("src/"));
  CHECK(watching.is_quiet());
  CHECK(watching.fired() == 1);
}

TEST_CASE("trigger: more changes than the kernel's queue holds are seen all the same", "[daemon]") {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  if (!(limit >> events) || events > 100'000) return;
  const Folder folder;
  folder.make_directory("src");
  for (const char* name : {"src/a", "src/b", "last"}) folder.write(name);
  Watching watching(folder, {.paths = {"src/", "last"}});

  // Nobody reads the queue meanwhile; no two events that follow each other are the same.
  for (int i = 0; i <= events; ++i) folder.touch(i % 2 == 0 ? "src/a" : "src/b", 1'000'000 + i);
  folder.write("last", "yy");
  CHECK(watching.fires() != "nothing");
  CHECK(watching.run_until([&] { return !watching.watch().settling(); }));
  CHECK(watching.fired() == 1);
  folder.write("last", "zzz");
  CHECK(watching.fires() == "last");
}

TEST_CASE("trigger: with a poll it is looked at without any event", "[daemon]") {
  const Folder folder;
  folder.write("a");
  Watching watching(folder, {.paths = {"a"}, .poll = 100ms});

  folder.write("a", "yy");
  CHECK(watching.fires() == "a");
}
