#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/path_change.h"
#include "core/settle.h"

using namespace superd::core;
using namespace std::chrono_literals;

namespace {

const std::vector<std::uint64_t> kNone;
constexpr std::int64_t kFirstLook = 5000;

struct Seen {
  std::string path;
  Identity identity;
  std::uint64_t digest = 0;
  std::int64_t touched_ns = 0;
};

Comparison::Result compare(const Snapshot* before, const std::vector<Seen>& seen,
                           Judge judge = Judge::identity,
                           const std::vector<std::uint64_t>& deleted = kNone,
                           Comparison::Extent extent = Comparison::Extent::whole) {
  Comparison comparison({.before = before, .deleted = deleted, .first_look_ns = kFirstLook}, judge);
  for (const Seen& one : seen) {
    comparison.see(one.path, one.identity, one.digest, one.touched_ns);
  }
  return comparison.finish(extent);
}

Snapshot first(const std::vector<Seen>& seen) { return compare(nullptr, seen).now; }

constexpr Identity kOne{.mtime_ns = 1000, .size = 10, .inode = 7};

}  // namespace

TEST_CASE("change: the first look finds none", "[core]") {
  const auto result = compare(nullptr, {{"/a", kOne}, {"/b", kOne}});
  CHECK(result.changed == 0);
  CHECK(result.existing == 2);
}

TEST_CASE("change: what has changed since the first look began is one, whatever its time says",
          "[core]") {
  const auto result = compare(nullptr, {{"/a", kOne, 0, kFirstLook}, {"/b", kOne, 0, 5001}});
  CHECK(result.names == std::vector<std::string>{"/b"});
  CHECK(compare(&result.now, {{"/a", kOne, 0, 6000}, {"/b", kOne, 0, 5001}}).changed == 0);
}

TEST_CASE("change: another time, size, inode or link is a change, in any direction", "[core]") {
  const Snapshot before = first({{"/a", kOne}});
  CHECK(compare(&before, {{"/a", kOne}}).changed == 0);
  CHECK(compare(&before, {{"/a", {.mtime_ns = 999, .size = 10, .inode = 7}}}).changed == 1);
  CHECK(compare(&before, {{"/a", {.mtime_ns = 1001, .size = 10, .inode = 7}}}).changed == 1);
  CHECK(compare(&before, {{"/a", {.mtime_ns = 1000, .size = 9, .inode = 7}}}).changed == 1);
  CHECK(compare(&before, {{"/a", {.mtime_ns = 1000, .size = 10, .inode = 8}}}).changed == 1);
  Identity linked = kOne;
  linked.links = hash_on(linked.links, "releases/43");
  CHECK(compare(&before, {{"/a", linked}}).changed == 1);
}

TEST_CASE("change: what is new has changed; what is gone has not, but its return has", "[core]") {
  const Snapshot before = first({{"/a", kOne}});
  CHECK(compare(&before, {{"/a", kOne}, {"/b", kOne}}).names == std::vector<std::string>{"/b"});
  const auto gone = compare(&before, {});
  CHECK(gone.changed == 0);
  CHECK(gone.existing == 0);
  const auto back = compare(&gone.now, {{"/a", kOne}});
  CHECK(back.changed == 1);
  CHECK(compare(&back.now, {{"/a", kOne}}).changed == 0);
}

TEST_CASE("change: a file that was deleted and is there again at the next look has changed",
          "[core]") {
  const Snapshot before = first({{"/a", kOne}});
  const std::vector<std::uint64_t> deleted{hash_path(kHashBegin, "a")};
  CHECK(compare(&before, {{"/a", kOne}}, Judge::identity, deleted).changed == 1);
  CHECK(compare(&before, {{"/a", kOne, 5}}, Judge::content, deleted).changed == 1);
}

TEST_CASE("change: where the content decides, nothing else does", "[core]") {
  const auto before = compare(nullptr, {{"/a", kOne, 5}}, Judge::content).now;
  const Identity touched{.mtime_ns = 2000, .size = 10, .inode = 8};
  CHECK(compare(&before, {{"/a", touched, 5}}, Judge::content).changed == 0);
  CHECK(compare(&before, {{"/a", touched, 6}}, Judge::content).changed == 1);
  const auto gone = compare(&before, {}, Judge::content).now;
  CHECK(compare(&gone, {{"/a", touched, 5}}, Judge::content).changed == 0);
  CHECK(compare(&gone, {{"/a", touched, 6}}, Judge::content).changed == 1);
}

TEST_CASE("change: a file is read again only where its identity is another", "[core]") {
  const auto before = compare(nullptr, {{"/a", kOne, 5}}, Judge::content).now;
  const Comparison by_content({.before = &before, .deleted = kNone}, Judge::content);
  CHECK(by_content.known_digest("/a", kOne) == 5);
  CHECK(!by_content.known_digest("/a", {.mtime_ns = 1}));
  CHECK(!by_content.known_digest("/b", kOne));
  CHECK(
      Comparison({.before = &before, .deleted = kNone}, Judge::identity).known_digest("/b", kOne) ==
      0);
}

TEST_CASE("change: where a part could not be looked at, what was there counts as there", "[core]") {
  const Snapshot before = first({{"/a", kOne}, {"/d/b", kOne}});
  const auto part =
      compare(&before, {{"/a", kOne}}, Judge::identity, kNone, Comparison::Extent::part);
  CHECK(part.existing == 2);
  CHECK(compare(&part.now, {{"/a", kOne}, {"/d/b", kOne}}).changed == 0);
}

TEST_CASE("change: a file that two paths name counts once, and the first changed one is told",
          "[core]") {
  const Snapshot before = first({{"/a", kOne}});
  const Identity other{.mtime_ns = 5};
  const auto result = compare(&before, {{"/x", other}, {"/a", other}, {"/a", other}});
  CHECK(result.changed == 2);
  CHECK(changed_text(result) == "/x and 1 more changed");
  CHECK(changed_text(compare(&before, {{"/a", other}})) == "/a changed");
}

TEST_CASE("change: two looks that see different things have different prints", "[core]") {
  const Snapshot before = first({{"/a", kOne}});
  const auto once = compare(&before, {{"/a", {.mtime_ns = 5}}});
  CHECK(once.print == compare(&before, {{"/a", {.mtime_ns = 5}}}).print);
  CHECK(once.print != compare(&before, {{"/a", {.mtime_ns = 6}}}).print);
}

TEST_CASE("settle: many changes are one action, when it was quiet for so long", "[core]") {
  const TimePoint start{1h};
  Settle settle(100ms);
  CHECK(!settle.due());
  settle.note(start);
  CHECK(settle.due() == start + 100ms);
  settle.note(start + 80ms);
  CHECK(settle.due() == start + 180ms);
  settle.clear();
  CHECK(!settle.due());
}

TEST_CASE("settle: an endless stream of changes is acted on after ten times that, or five seconds",
          "[core]") {
  const TimePoint start{1h};
  Settle settle(100ms);
  for (int i = 0; i <= 100; ++i) settle.note(start + i * 60ms);
  CHECK(settle.due() == start + 5s);
  Settle slow(2s);
  for (int i = 0; i <= 100; ++i) slow.note(start + i * 1s);
  CHECK(slow.due() == start + 20s);
}

TEST_CASE("settle: no quiet is shorter than a tick of the kernel's clock", "[core]") {
  const TimePoint start{1h};
  Settle settle(0ms);
  settle.note(start);
  CHECK(settle.due() == start + Settle::kLeast);
}

TEST_CASE("change: the next supervisor knows what was seen, and finds what differs from it alone",
          "[core]") {
  const Snapshot before = compare(nullptr, {{"/a", kOne}, {"/b", kOne, 7}, {"/c", kOne}}).now;
  const Snapshot seen = compare(&before, {{"/a", kOne}, {"/b", kOne, 7}}).now;
  const auto kept = Snapshot::from(seen.to_text());
  REQUIRE(kept);
  CHECK(*kept == seen);
  CHECK(compare(&*kept, {{"/a", kOne}, {"/b", kOne, 7}}).changed == 0);
  CHECK(compare(&*kept, {{"/b", kOne, 7}}).changed == 0);
  const auto result = compare(
      &*kept, {{"/a", {.mtime_ns = 1001, .size = 10, .inode = 7}}, {"/b", kOne, 7}, {"/c", kOne}});
  CHECK(result.names == std::vector<std::string>{"/a", "/c"});
  // That nothing is there is known as well: what is created is a change.
  const auto none = Snapshot::from(Snapshot().to_text());
  REQUIRE(none);
  CHECK(compare(&*none, {{"/a", kOne}}).changed == 1);
}

TEST_CASE("change: what was kept and cannot be read, or was too much to keep, counts as not known",
          "[core]") {
  for (const char* text :
       {"", "path", "paths 1", "paths 1,2,3", "paths 1,2,3,2", "paths 1,2,3,0,",
        "paths 2,1,1,0 1,1,1,0", "paths  1,2,3,0", "paths 11111111111111111,2,3,0"}) {
    CAPTURE(text);
    CHECK(!Snapshot::from(text));
  }
  std::vector<Seen> many;
  for (std::size_t i = 0; i <= Snapshot::kMostKept; ++i) {
    many.push_back({"/" + std::to_string(i), kOne});
  }
  CHECK(first(many).to_text().empty());
  many.pop_back();
  CHECK(Snapshot::from(first(many).to_text()) == first(many));
}
