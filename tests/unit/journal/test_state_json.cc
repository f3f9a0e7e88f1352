#include <string>

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

#include "journal/spec_json.h"
#include "journal/state_json.h"

using namespace superd;
using namespace superd::core;
using namespace std::chrono_literals;

namespace {

// No field as it is by default.
GroupSpec full_spec() {
  GroupSpec spec;
  spec.name = "web";
  spec.place = {.file = "/etc/superd.toml", .line = 3, .column = 2};
  spec.command = {"gunicorn", "-b", "fd://3", "caf\xc3\xa9"};
  spec.workers = 4;
  spec.listen = {{.sharing = Sharing::spawn,
                  .address = "unix:/run/x",
                  .family = Family::unix_path,
                  .host = "h",
                  .port = 1,
                  .path = "/run/x",
                  .name = "probe",
                  .backlog = 9,
                  .mode = 0660,
                  .owner = "www-data:adm"}};
  spec.socket_env = SocketEnv::none;
  spec.socket_shim = true;
  spec.port_base = 9000;
  spec.directory = "/srv/web";
  spec.user = "www-data";
  spec.group = "adm";
  spec.extra_groups = {"ssl"};
  spec.umask = 027;
  spec.env = {{.name = "A", .value = "1"}};
  spec.env_file = "/srv/.env";
  spec.clear_env = true;
  spec.autostart = false;
  spec.on_demand = true;
  spec.idle_timeout = 10min;
  spec.depends_on = {"cache"};
  spec.reload_signal = 1;
  spec.ready = {.when = ReadyWhen::http,
                .timeout = 7s,
                .soak = 2s,
                .delay = 3s,
                .command = {"x"},
                .match = "y",
                .http = {.path = "/h", .statuses = {{.from = 200, .to = 204}}}};
  spec.stop = {.signal = 28, .timeout = 99s};
  spec.roll = {.strategy = RollStrategy::stop_first,
               .batch = {.workers = 2, .percent = 25},
               .before = {"check"},
               .before_timeout = 1min,
               .rehearse = true,
               .rehearse_http = HttpSpec{.path = "/up", .statuses = {{200, 200}}},
               .on_failure = OnFailure::hold};
  spec.respawn = {.policy = RespawnPolicy::on_failure,
                  .backoff = {.min = 1s, .max = 2s, .factor = 3.5, .jitter = 0.25},
                  .reset_after = 11s,
                  .give_up = {.failures = 3, .within = 5s},
                  .clean_statuses = {0, 3},
                  .clean_signals = {15}};
  spec.recycle.schedule = parse_cron("*/5 4 * * mon").value();
  spec.limits.nofile = RlimitSpec{.soft = 10, .hard = ~0ULL};
  spec.limits.nice = -5;
  spec.limits.cpus = {0, 2};
  spec.limits.no_new_privileges = false;
  spec.log = {.output = LogOutput::inherit,
              .format = LogFormat::raw,
              .max_size = 1ULL << 40,
              .keep = 3,
              .compress = true,
              .overflow = LogOverflow::block};
  spec.triggers = {{.paths = {"src/"},
                    .ignore = {"*.pyc"},
                    .action = {.kind = TriggerAction::Kind::signal, .signal = 1},
                    .settle = 1s,
                    .content = true,
                    .poll = 2s}};
  spec.hold_file = "deploy.lock";
  return spec;
}

}  // namespace

TEST_CASE("journal: a configuration comes back as it was", "[journal]") {
  const GroupSpec spec = full_spec();
  const std::string text = journal::to_text(spec);
  const Result<GroupSpec> back = journal::spec_from(text);
  REQUIRE(back);
  // A field that the text has no word for would be the default in what comes back.
  CHECK(journal::to_text(*back) == text);
  CHECK(back->listen == spec.listen);
  CHECK(back->ready == spec.ready);
  CHECK(back->stop == spec.stop);
  CHECK(back->roll == spec.roll);
  CHECK(back->respawn == spec.respawn);
  CHECK(back->recycle == spec.recycle);
  CHECK(back->limits == spec.limits);
  CHECK(back->log == spec.log);
  CHECK(back->triggers == spec.triggers);
  CHECK(back->env == spec.env);
  CHECK(back->idle_timeout == spec.idle_timeout);
  CHECK(back->hold_file == spec.hold_file);
}

TEST_CASE("journal: a field of a later version is ignored, one that is missing has its default",
          "[journal]") {
  const Result<GroupSpec> spec =
      journal::spec_from(R"({"name":"web","workers":3,"flux":{"a":[1]},"stop":{"later":1}})");
  REQUIRE(spec);
  CHECK(spec->workers == 3);
  CHECK(spec->stop == StopSpec{});
  CHECK(spec->autostart);
}

TEST_CASE("journal: what is no state of superd's is refused with the reason", "[journal]") {
  const journal::SpecNumbers none;
  for (const char* text :
       {"", "x", "[]", "null", "{}", R"({"name":1})", R"({"workers":"x"})",
        R"({"name":"web","spec":1,"workers":1})", R"({"name":"web","spec":1,"workers":1e18})"}) {
    INFO(text);
    CHECK_FALSE(journal::group_from(text, none));
  }
  CHECK_FALSE(journal::worker_from(R"({"state":7})"));
  CHECK_FALSE(journal::worker_from("[1]"));
  CHECK_FALSE(journal::spec_from(R"({"recycle":{"schedule":{"minutes":"abc"}}})"));
}

TEST_CASE("journal: a group, its roll and its workers come back as they were", "[journal]") {
  const auto spec = std::make_shared<const GroupSpec>(full_spec());
  const auto before = std::make_shared<const GroupSpec>(full_spec());
  Group group = make_group(spec);
  group.in_force = 7;
  group.last_generation = 8;
  group.recipes = {7, 8};
  group.fingerprints = {{7, ~0ULL}};
  group.policy.older[7] = {.ready = {.when = ReadyWhen::notify, .timeout = 4s},
                           .stop = {.signal = 2, .timeout = 1s}};
  group.state = GroupState::rolling;
  group.since = TimePoint(5s);
  group.cause = "command uid=0 pid=1";
  group.demand = Demand{.recipe = Demand::Recipe::anew};
  Roll roll;
  roll.id = CommandId{12};
  roll.also = {CommandId{13}};
  roll.generation = 8;
  roll.spec_before = before;
  roll.phase = Roll::Phase::returning;
  roll.preparation = Preparation::rehearsal;
  roll.strategy = RollStrategy::stop_first;
  roll.waiting = {3, 4};
  roll.in_hand = {2};
  roll.holding = {{1, SpawnId{17}}};
  roll.leaving = {{SpawnId{17}, 1}};
  roll.outcomes[1] = {
      .number = 1, .ok = false, .message = "m", .spawn = SpawnId{5}, .exit = Exit::by_signal(9)};
  roll.result = RollResult::mixed;
  group.roll = roll;
  group.next_roll = NextRoll{
      .ids = {CommandId{14}}, .cause = "c", .spec = spec, .pace = Pace::at_once, .without = {2}};
  journal::SpecNumbers specs;
  const std::string text = journal::to_text(group, specs);
  const Result<Group> back = journal::group_from(text, specs);
  REQUIRE(back);
  CHECK(journal::to_text(*back, specs) == text);
  CHECK(back->spec == spec);
  CHECK(back->roll->spec_before == before);
  CHECK(back->next_roll->spec == spec);
  CHECK(back->policy.older.at(7).stop.signal == 2);
  CHECK(back->roll->outcomes.at(1).exit == Exit::by_signal(9));
  CHECK(back->roll->preparation == Preparation::rehearsal);

  Worker worker;
  worker.ref = {.group = "web", .number = 2};
  worker.state = WorkerState::ready;
  worker.life = Life{.spawn = SpawnId{1ULL << 60},
                     .generation = 7,
                     .ready = {},
                     .pid = 812,
                     .started = TimePoint(1s),
                     .deadline = TimePoint::max(),
                     .soaks_since = TimePoint(2s),
                     .ready_since = TimePoint(3s)};
  worker.draining = {Life{.spawn = SpawnId{3},
                          .ready = {},
                          .main_gone = true,
                          .kills = 2,
                          .soaks_since = {},
                          .ready_since = {}}};
  worker.afterwards = Afterwards::respawn;
  worker.roll_to = 8;
  worker.failures = {.in_a_row = 2, .recent = {TimePoint(9s)}};
  worker.last_exit = Exit::before_exec("exec: \"no\" such\nfile \x01");
  worker.starters = {CommandId{4}};
  const std::string worker_text = journal::to_text(worker);
  CHECK(worker_text.find('\n') == std::string::npos);
  const Result<Worker> worker_back = journal::worker_from(worker_text);
  REQUIRE(worker_back);
  CHECK(journal::to_text(*worker_back) == worker_text);
  CHECK(worker_back->life->spawn == SpawnId{1ULL << 60});
  CHECK(worker_back->life->deadline == TimePoint::max());
  CHECK(worker_back->last_exit == worker.last_exit);
}
