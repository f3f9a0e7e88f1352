#include "core_fixture.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace superd::core {
namespace {

Target target_of(const std::string& text) {
  if (const auto worker = parse_worker_ref(text)) {
    return {.group = worker->group, .worker = worker->number};
  }
  return {.group = text, .worker = 0};
}

}  // namespace

GroupSpec group_spec(std::string name, int workers) {
  GroupSpec spec;
  spec.name = std::move(name);
  spec.workers = workers;
  spec.ready.when = ReadyWhen::notify;
  spec.respawn.backoff.jitter = 0;
  return spec;
}

GroupSpec stop_first_spec(std::string name, int workers) {
  GroupSpec spec = group_spec(std::move(name), workers);
  spec.roll.strategy = RollStrategy::stop_first;
  spec.roll.on_failure = OnFailure::hold;
  return spec;
}

Bench serving(const GroupSpec& web, int max_starting) {
  Bench bench({web}, max_starting);
  bench.start("web");
  for (int i = 1; i <= web.workers; ++i) bench.becomes_ready("web." + std::to_string(i));
  return bench;
}

std::vector<int> generations(const Bench& bench) {
  std::vector<int> found;
  for (const Worker& worker : bench.group("web").workers) {
    found.push_back(worker.life ? worker.life->generation : 0);
  }
  return found;
}

std::vector<int> replaced_now(const Bench& bench) {
  std::vector<int> found;
  for (const Worker& worker : bench.group("web").workers) {
    if (worker.next) found.push_back(worker.ref.number);
  }
  return found;
}

GroupSpec needing(GroupSpec spec, std::vector<std::string> depends_on) {
  spec.depends_on = std::move(depends_on);
  return spec;
}

std::vector<GroupSpec> chain() {
  return {needing(group_spec("web"), {"cache"}), needing(group_spec("cache"), {"db"}),
          group_spec("db")};
}

Bench chain_up() {
  Bench bench(chain());
  bench.start("web");
  for (const char* worker : {"db.1", "cache.1", "web.1"}) bench.becomes_ready(worker);
  return bench;
}

std::string failure_of(const Bench& bench, CommandId command) {
  const auto answer = bench.answer(command);
  REQUIRE(answer.has_value());
  CHECK_FALSE(answer->ok);
  REQUIRE_FALSE(answer->workers.empty());
  return answer->workers.front().message;
}

Bench::Bench(const std::vector<GroupSpec>& groups, int max_starting)
    : core_({.first_spawn = 1, .max_starting = max_starting}) {
  for (const GroupSpec& group : groups) core_.add_group(group);
}

CommandId Bench::start(const std::string& target) {
  const CommandId id{++last_command_};
  send(StartRequested{.command = id, .target = target_of(target), .cause = "command"});
  return id;
}

CommandId Bench::stop(const std::string& target) {
  const CommandId id{++last_command_};
  send(StopRequested{.command = id, .target = target_of(target), .cause = "command"});
  return id;
}

CommandId Bench::restart(const std::string& target, Pace pace) {
  const CommandId id{++last_command_};
  send(RestartRequested{
      .command = id, .target = target_of(target), .cause = "command", .pace = pace});
  return id;
}

CommandId Bench::configure(const GroupSpec& spec, GroupConfigured::Recipe recipe) {
  const CommandId id{++last_command_};
  send(GroupConfigured{.command = id,
                       .spec = std::make_shared<const GroupSpec>(spec),
                       .recipe = recipe,
                       .cause = "config"});
  return id;
}

CommandId Bench::remove(const std::string& group) {
  const CommandId id{++last_command_};
  send(GroupRemoved{.command = id, .group = group, .cause = "config"});
  return id;
}

void Bench::shutdown(Urgency urgency) {
  send(ShutdownRequested{.cause = "signal TERM", .urgency = urgency});
}

void Bench::executes(SpawnId spawn) {
  send(ProcessMade{.spawn = spawn, .pid = 1000 + static_cast<std::int64_t>(spawn)});
  send(ProgramExecuted{.spawn = spawn});
}

void Bench::becomes_ready(const std::string& worker) {
  send(ReadinessSeen{.spawn = current(worker)});
}

void Bench::next_becomes_ready(const std::string& worker) {
  send(ReadinessSeen{.spawn = next(worker)});
}

void Bench::main_exits(SpawnId spawn, const Exit& exit) {
  processes_.at(spawn).main_gone = true;
  send(MainExited{.spawn = spawn, .exit = exit});
}

void Bench::tree_gone(SpawnId spawn) { send(TreeGone{.spawn = spawn}); }

void Bench::ends(SpawnId spawn, const Exit& exit) {
  main_exits(spawn, exit);
  tree_gone(spawn);
}

// What an effect brings about at once is an event of its own, after the effects before it.
void Bench::send(const Event& event) {
  to_come_.push_back(event);
  if (handling_) return;
  handling_ = true;
  while (!to_come_.empty()) {
    const Event next = to_come_.front();
    to_come_.erase(to_come_.begin());
    for (const Effect& effect : core_.handle(next, now_)) carry_out(effect);
  }
  handling_ = false;
}

void Bench::carry_out(const Effect& effect) {
  effects_.push_back(effect);
  if (const auto* e = std::get_if<ArmTimer>(&effect)) timers_[e->key] = e->at;
  if (const auto* e = std::get_if<CancelTimer>(&effect)) timers_.erase(e->key);
  if (const auto* e = std::get_if<MakeRecipe>(&effect)) {
    recipes_.insert({e->group, e->generation});
    const int fingerprint = recipes_differ ? e->generation : 0;
    send(RecipeMade{.group = e->group,
                    .generation = e->generation,
                    .fingerprint = static_cast<std::uint64_t>(fingerprint)});
  }
  if (const auto* e = std::get_if<DropRecipe>(&effect)) recipes_.erase({e->group, e->generation});
  if (const auto* e = std::get_if<Forget>(&effect)) processes_.at(e->spawn).forgotten = true;
  if (const auto* e = std::get_if<Spawn>(&effect)) {
    processes_[e->spawn] = Process{
        .worker = e->worker, .generation = e->generation, .main_signals = {}, .tree_signals = {}};
    if (manners == Manners::obedient) executes(e->spawn);
  }
  if (const auto* e = std::get_if<SignalMain>(&effect)) {
    processes_.at(e->spawn).main_signals.push_back(e->signal);
    leaves(e->spawn, e->signal);
  }
  if (const auto* e = std::get_if<SignalTree>(&effect)) {
    processes_.at(e->spawn).tree_signals.push_back(e->signal);
  }
  if (const auto* e = std::get_if<KillTree>(&effect)) {
    ++processes_.at(e->spawn).kills;
    leaves(e->spawn, 9);
  }
}

void Bench::leaves(SpawnId spawn, int signal) {
  if (manners == Manners::silent) return;
  if (!processes_.at(spawn).main_gone) main_exits(spawn, Exit::by_signal(signal));
  tree_gone(spawn);
}

void Bench::advance(Duration duration) {
  const TimePoint until = now_ + duration;
  for (;;) {
    const auto next =
        std::min_element(timers_.begin(), timers_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == timers_.end() || next->second > until) break;
    now_ = std::max(now_, next->second);
    const TimerKey key = next->first;
    timers_.erase(next);
    send(TimerFired{.key = key});
  }
  now_ = until;
}

const Worker& Bench::worker(const std::string& name) const {
  const Worker* worker = core_.find(parse_worker_ref(name).value());
  REQUIRE(worker != nullptr);
  return *worker;
}

SpawnId Bench::current(const std::string& name) const {
  const Worker& found = worker(name);
  REQUIRE(found.life.has_value());
  return found.life->spawn;
}

SpawnId Bench::next(const std::string& name) const {
  const Worker& found = worker(name);
  REQUIRE(found.next.has_value());
  return found.next->spawn;
}

std::vector<SpawnId> Bench::spawns(const std::string& worker) const {
  std::vector<SpawnId> found;
  for (const auto& [spawn, process] : processes_) {
    if (to_string(process.worker) == worker) found.push_back(spawn);
  }
  return found;
}

std::optional<Answer> Bench::answer(CommandId command) const {
  std::optional<Answer> found;
  for (const Effect& effect : effects_) {
    const auto* answer = std::get_if<Answer>(&effect);
    if (answer == nullptr || answer->command != command) continue;
    REQUIRE_FALSE(found.has_value());
    found = *answer;
  }
  return found;
}

bool Bench::is_armed(TimerKind kind, SpawnId spawn) const {
  return std::any_of(timers_.begin(), timers_.end(), [&](const auto& timer) {
    return timer.first.kind == kind && timer.first.spawn == spawn;
  });
}

std::vector<std::string> Bench::path(const std::string& worker) const {
  std::vector<std::string> steps;
  for (const Effect& effect : effects_) {
    const auto* e = std::get_if<WorkerChanged>(&effect);
    if (e == nullptr || to_string(e->worker) != worker) continue;
    if (steps.empty()) steps.emplace_back(name(e->from));
    CHECK(steps.back() == name(e->from));
    steps.emplace_back(name(e->to));
  }
  return steps;
}

std::vector<std::string> Bench::group_path(const std::string& group) const {
  std::vector<std::string> steps;
  for (const Effect& effect : effects_) {
    const auto* e = std::get_if<GroupChanged>(&effect);
    if (e == nullptr || e->group != group) continue;
    if (steps.empty()) steps.emplace_back(name(e->from));
    CHECK(steps.back() == name(e->from));
    steps.emplace_back(name(e->to));
  }
  return steps;
}

}  // namespace superd::core
