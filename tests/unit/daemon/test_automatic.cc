#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/automatic.h"

using namespace superd;
using namespace superd::daemon;
using Strings = std::vector<std::string>;
using Kind = core::TriggerAction::Kind;

namespace {

// Tells what was done as `web: restart (schedule)`.
struct Told {
  Strings done;
  Automatic automatic{[this](const std::string& group, const core::TriggerAction& action,
                             const std::string& cause) {
    done.push_back(group + ": " + to_text(action) + " (" + cause + ")");
  }};
};

}  // namespace

TEST_CASE("hold: without one, what is due is done at once", "[daemon]") {
  Told told;
  CHECK(told.automatic.request("web", {.kind = Kind::restart}, "schedule") ==
        Automatic::Taken::acted);
  CHECK(told.done == Strings{"web: restart (schedule)"});
  CHECK(!told.automatic.held("web"));
}

TEST_CASE("hold: what is due meanwhile is done once at the release, the latest last", "[daemon]") {
  Told told;
  CHECK(told.automatic.hold("web", Automatic::Holder::command, "command uid=0 pid=1"));
  CHECK(told.automatic.request("web", {.kind = Kind::restart}, "trigger /a") ==
        Automatic::Taken::kept);
  told.automatic.request("web", {.kind = Kind::signal, .signal = SIGHUP}, "trigger /b");
  told.automatic.request("web", {.kind = Kind::restart}, "trigger /c");
  told.automatic.request("api", {.kind = Kind::restart}, "schedule");
  CHECK(told.done == Strings{"api: restart (schedule)"});
  CHECK(told.automatic.held("web") ==
        "held by command uid=0 pid=1; due at the release: signal HUP (trigger /b), "
        "restart (trigger /c)");

  CHECK(told.automatic.release("web", Automatic::Holder::command));
  CHECK(told.done == Strings{"api: restart (schedule)", "web: signal HUP (trigger /b)",
                             "web: restart (trigger /c)"});
  CHECK(!told.automatic.release("web", Automatic::Holder::command));
  CHECK(told.done.size() == 3);
}

TEST_CASE("hold: a file and a command hold each for itself, and neither twice", "[daemon]") {
  Told told;
  CHECK(told.automatic.hold("web", Automatic::Holder::command, "a command"));
  CHECK(!told.automatic.hold("web", Automatic::Holder::command, "another"));
  CHECK(told.automatic.hold("web", Automatic::Holder::file, "/srv/lock"));
  told.automatic.request("web", {.kind = Kind::restart}, "trigger /a");
  CHECK(told.automatic.release("web", Automatic::Holder::command));
  CHECK(told.done.empty());
  CHECK(told.automatic.held("web") ==
        "held by /srv/lock; due at the release: restart (trigger /a)");
  CHECK(told.automatic.release("web", Automatic::Holder::file));
  CHECK(told.done == Strings{"web: restart (trigger /a)"});
}

TEST_CASE("hold: of a group that is no more nothing is left", "[daemon]") {
  Told told;
  told.automatic.hold("web", Automatic::Holder::command, "a command");
  told.automatic.request("web", {.kind = Kind::restart}, "trigger /a");
  told.automatic.forget("web");
  CHECK(!told.automatic.held("web"));
  told.automatic.release("web", Automatic::Holder::command);
  CHECK(told.done.empty());
}

TEST_CASE("hold: the next supervisor has what is due, once and in its order", "[daemon]") {
  std::string kept;
  Automatic before([](const auto&, const auto&, const auto&) {},
                   [&](const std::string&, std::string text) { kept = std::move(text); });
  before.hold("web", Automatic::Holder::command, "a command");
  before.hold("web", Automatic::Holder::file, "/srv/lock");
  before.request("web", {.kind = Kind::restart}, "trigger /a");
  before.request("web", {.kind = Kind::signal, .signal = SIGHUP}, "trigger /b");

  Told told;
  told.automatic.hold("web", Automatic::Holder::command, "a command before");
  told.automatic.restore("web", kept);
  CHECK(told.automatic.held("web") ==
        "held by a command before and /srv/lock; due at the release: restart (trigger /a), "
        "signal HUP (trigger /b)");
  told.automatic.release("web", Automatic::Holder::command);
  CHECK(told.done.empty());
  told.automatic.release("web", Automatic::Holder::file);
  CHECK(told.done == Strings{"web: restart (trigger /a)", "web: signal HUP (trigger /b)"});

  before.release("web", Automatic::Holder::file);
  before.release("web", Automatic::Holder::command);
  CHECK(kept.empty());
  // A hold that nobody knows of any more, and what is no text of a hold.
  for (const char* text : {R"({"due":[]})", "", "{}", "[1", R"({"due":[{"action":7}]})"}) {
    told.automatic.restore("api", text);
    CHECK(!told.automatic.held("api"));
  }
}
