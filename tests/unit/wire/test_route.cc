#include <catch2/catch.hpp>

#include "wire/http_target.h"
#include "wire/route.h"

namespace superd::wire {
namespace {

using namespace std::chrono_literals;

Request request(Method method, std::string_view target, std::string body = "") {
  Request made{.method = method, .body = std::move(body)};
  REQUIRE(parse_target(target, made));
  return made;
}

template <class Wanted>
Wanted routed(Method method, std::string_view target, std::string body = "") {
  INFO(target);
  const auto command = route(request(method, target, std::move(body)));
  REQUIRE(command);
  REQUIRE(std::holds_alternative<Wanted>(*command));
  return std::get<Wanted>(*command);
}

Response refused(Method method, std::string_view target, std::string body = "") {
  INFO(target);
  auto command = route(request(method, target, std::move(body)));
  REQUIRE_FALSE(command);
  return command.error();
}

TEST_CASE("route: every path of the control socket leads to its command", "[wire]") {
  routed<GetStatus>(Method::get, "/v1/status");
  routed<GetStatus>(Method::head, "/v1/status");
  routed<GetMetrics>(Method::get, "/metrics");
  CHECK(routed<GetGroup>(Method::get, "/v1/groups/web").group == "web");
  CHECK(routed<GetWorker>(Method::get, "/v1/workers/web.2").worker->number == 2);
  CHECK(routed<GetGroupPids>(Method::get, "/v1/groups/web/pids").group == "web");
  CHECK(routed<GetPid>(Method::get, "/v1/pids/4711").pid == 4711);
  CHECK(routed<GetGroupLogs>(Method::get, "/v1/groups/web/logs").lines == kDefaultLogLines);
  CHECK(routed<GetGroupLogs>(Method::get, "/v1/groups/web/logs?lines=7&worker=2").lines == 7);
  CHECK(routed<GetGroupLogs>(Method::get, "/v1/groups/web/logs?lines=0").lines == 0);
  CHECK(routed<GetGroupWhy>(Method::get, "/v1/groups/web/why").group == "web");
  CHECK(routed<GetWorkerWhy>(Method::get, "/v1/workers/web.1/why").worker->group == "web");
  CHECK(routed<GetEvents>(Method::get, "/v1/events").follow == GetEvents::Follow::no);
  CHECK(routed<GetEvents>(Method::get, "/v1/events?follow=1&since=812").since == 812);
  CHECK(routed<GetEvents>(Method::get, "/v1/events?group=web").group->value() == "web");
  const auto own = routed<GetEvents>(Method::get, "/v1/events?group=self").group;
  REQUIRE(own);
  CHECK_FALSE(own->has_value());
  CHECK(refused(Method::get, "/v1/events?since=-1").status == 400);
  CHECK(refused(Method::get, "/v1/events?follow=yes").status == 400);
  CHECK(refused(Method::post, "/v1/events").status == 405);
  CHECK(routed<GetRoll>(Method::get, "/v1/rolls/12").id == 12);
  routed<GetDoctor>(Method::get, "/v1/doctor");
  CHECK(routed<GetRolls>(Method::get, "/v1/rolls").whose == GetRolls::Whose::everybodys);
  CHECK(routed<ActOnGroup>(Method::post, "/v1/groups/web/start").action == Action::start);
  CHECK(routed<ActOnGroup>(Method::post, "/v1/groups/web/stop").action == Action::stop);
  CHECK(routed<ActOnWorker>(Method::post, "/v1/workers/web.1/restart").action == Action::restart);
  CHECK(routed<SignalGroup>(Method::post, "/v1/groups/web/signal", R"({"signal":"HUP"})")
            .request.signal == 1);
  CHECK(routed<SignalWorker>(Method::post, "/v1/workers/web.1/signal", R"({"signal":9})")
            .request.signal == 9);
  CHECK(routed<ReloadGroup>(Method::post, "/v1/groups/web/reload").group == "web");
  CHECK(routed<ReloadWorker>(Method::post, "/v1/workers/web.1/reload", "{}").worker->number == 1);
  CHECK(routed<HoldGroup>(Method::post, "/v1/groups/web/hold").action == HoldAction::hold);
  CHECK(routed<HoldGroup>(Method::post, "/v1/groups/web/release", "{}").group == "web");
  routed<Shutdown>(Method::post, "/v1/shutdown");
  routed<ReopenLogs>(Method::post, "/v1/logs/reopen");
}

TEST_CASE("route: logs can go on, from a time, of one stream, and behind places", "[wire]") {
  const auto logs = routed<GetGroupLogs>(
      Method::get,
      "/v1/groups/web/logs?follow=1&since=2026-11-23T04:00:00Z&stream=stderr&after=2-17-4711,e-8");
  CHECK(logs.follow == GetGroupLogs::Follow::yes);
  CHECK(logs.since == "2026-11-23T04:00:00Z");
  CHECK(logs.only == GetGroupLogs::Only::err);
  REQUIRE(logs.after.size() == 2);
  CHECK(to_text(logs.after[0]) == "2-17-4711");
  CHECK(logs.after[1].worker == 0);
  CHECK(logs.after[1].offset == 8);
  const auto plain = routed<GetGroupLogs>(Method::get, "/v1/groups/web/logs");
  CHECK(plain.follow == GetGroupLogs::Follow::no);
  CHECK(plain.only == GetGroupLogs::Only::both);
  for (const char* query :
       {"follow=yes", "since=yesterday", "stream=both", "follow=1&after=", "follow=1&after=2-17",
        "follow=1&after=0-1-2", "follow=1&after=f-1", "follow=1&after=1-2-3,", "after=1-2-3"}) {
    INFO(query);
    CHECK(refused(Method::get, std::string("/v1/groups/web/logs?") + query).status == 400);
  }
}

TEST_CASE("route: self is the worker that asks, or its group", "[wire]") {
  CHECK_FALSE(routed<GetGroup>(Method::get, "/v1/groups/self").group);
  CHECK_FALSE(routed<GetGroupPids>(Method::get, "/v1/groups/self/pids").group);
  CHECK_FALSE(routed<GetWorker>(Method::get, "/v1/workers/self").worker);
}

TEST_CASE("route: an answer can wait for a state", "[wire]") {
  const auto group = routed<GetGroup>(Method::get, "/v1/groups/web?until=running&timeout=10s");
  REQUIRE(group.until);
  CHECK(group.until->state == core::GroupState::running);
  CHECK(group.until->timeout == 10s);
  CHECK(routed<GetWorker>(Method::get, "/v1/workers/web.1?until=ready").until->state ==
        core::WorkerState::ready);
  CHECK(refused(Method::get, "/v1/groups/web?until=happy").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web?until=happy").body.find("running") !=
        std::string::npos);
  CHECK(refused(Method::get, "/v1/groups/web?timeout=1s").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web?until=running&timeout=x").status == 400);
}

TEST_CASE("route: an answer can wait for the end of a roll", "[wire]") {
  CHECK_FALSE(routed<GetRoll>(Method::get, "/v1/rolls/12").until);
  const auto roll = routed<GetRoll>(Method::get, "/v1/rolls/12?until=done&timeout=10s");
  REQUIRE(roll.until);
  CHECK(roll.until->timeout == 10s);
  CHECK_FALSE(routed<GetRoll>(Method::get, "/v1/rolls/12?until=done").until->timeout);
  CHECK(refused(Method::get, "/v1/rolls/12?until=ready").status == 400);
  CHECK(refused(Method::get, "/v1/rolls/12?timeout=1s").status == 400);
  CHECK(refused(Method::get, "/v1/rolls/12?after=1").status == 400);
}

TEST_CASE("route: the list of rolls can be that of the asker, and of new steps alone", "[wire]") {
  const auto rolls = routed<GetRolls>(Method::get, "/v1/rolls?mine=1&after=812");
  CHECK(rolls.whose == GetRolls::Whose::mine);
  CHECK(rolls.after == 812);
  CHECK(refused(Method::get, "/v1/rolls?mine=yes").status == 400);
  CHECK(refused(Method::get, "/v1/rolls?after=-1").status == 400);
  CHECK(refused(Method::get, "/v1/rolls?until=done").status == 400);
}

TEST_CASE("route: what does not exist is 404", "[wire]") {
  for (const char* target : {"/",
                             "/v1",
                             "/v1/",
                             "/v2/status",
                             "/v1/status/",
                             "/v1/groups",
                             "/v1/groups/",
                             "/v1/groups/WEB",
                             "/v1/groups/all",
                             "/v1/groups/web/",
                             "/v1/groups/web/scale",
                             "/v1/groups/web/pids/1",
                             "/v1/groups/../status",
                             "/v1/workers/web",
                             "/v1/workers/web.0",
                             "/v1/workers/web.1/pids",
                             "/v1/pids/0",
                             "/v1/pids/-1",
                             "/v1/pids/x",
                             "/v1/pids/99999999",
                             "/v1/rolls/0",
                             "/v1/rolls/x",
                             "/v1/rolls/-1",
                             "/v1/rolls/1/steps",
                             "/v1/rolls/99999999999999999999",
                             "/v1/metrics",
                             "/metrics/web"}) {
    INFO(target);
    CHECK(refused(Method::get, target).status == 404);
    CHECK(refused(Method::post, target).status == 404);
  }
}

TEST_CASE("route: an apply may be a dry run, and may be waited for so long", "[wire]") {
  const Apply plain = routed<Apply>(Method::post, "/v1/apply");
  CHECK_FALSE(plain.request.dry_run);
  CHECK_FALSE(plain.request.wait);
  const Apply all =
      routed<Apply>(Method::post, "/v1/apply", R"({"dry_run":true,"wait":false,"timeout":"5s"})");
  CHECK(all.request.dry_run);
  CHECK(all.request.wait == Wait::no);
  CHECK(all.request.timeout == std::chrono::seconds(5));
  CHECK(refused(Method::post, "/v1/apply", R"({"dry-run":true})").status == 400);
  CHECK(refused(Method::get, "/v1/apply").status == 405);
}

TEST_CASE("route: a wrong method is 405 and says which would be right", "[wire]") {
  CHECK(refused(Method::post, "/v1/status").status == 405);
  CHECK(refused(Method::post, "/v1/status").allow == "GET, HEAD");
  CHECK(refused(Method::post, "/v1/groups/web").allow == "GET, HEAD");
  CHECK(refused(Method::other, "/v1/pids/1").allow == "GET, HEAD");
  CHECK(refused(Method::get, "/v1/groups/web/restart").allow == "POST");
  CHECK(refused(Method::head, "/v1/workers/web.1/signal").allow == "POST");
  CHECK(refused(Method::get, "/v1/groups/web/hold").allow == "POST");
  CHECK(refused(Method::post, "/v1/workers/web.1/hold").status == 404);
  CHECK(refused(Method::get, "/v1/shutdown").allow == "POST");
  CHECK(refused(Method::get, "/v1/upgrade").allow == "POST");
  CHECK(refused(Method::get, "/v1/logs/reopen").allow == "POST");
  CHECK(refused(Method::post, "/v1/logs").status == 404);
  CHECK(refused(Method::post, "/v1/rolls").allow == "GET, HEAD");
  CHECK(refused(Method::post, "/v1/rolls/1").allow == "GET, HEAD");
}

TEST_CASE("route: an unknown query or body field is 400, never ignored", "[wire]") {
  CHECK(refused(Method::get, "/v1/status?verbose=1").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web/logs?forever=1").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web/logs?lines=5&lines=6").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web/logs?lines=-1").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web/logs?lines=10001").status == 400);
  CHECK(refused(Method::get, "/v1/groups/web/logs?worker=0").status == 400);
  CHECK(refused(Method::post, "/v1/groups/web/start?wait=0").status == 400);
  CHECK(refused(Method::post, "/v1/groups/web/start", R"({"now":true})").status == 400);
  CHECK(refused(Method::post, "/v1/groups/web/signal").status == 400);
  CHECK(refused(Method::post, "/v1/groups/web/reload", R"({"signal":"HUP"})").status == 400);
  CHECK(refused(Method::post, "/v1/shutdown", R"({"now":true})").status == 400);
  CHECK(refused(Method::post, "/v1/upgrade", R"({"now":true})").status == 400);
}

}  // namespace
}  // namespace superd::wire
