#include "daemon/supervisor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shortage.h"
#include "config/load.h"
#include "daemon/private_sockets.h"
#include "daemon/supervisor_state.h"
#include "daemon/why_not.h"

namespace superd::daemon {
namespace {

// Milliseconds since boot: superd makes fewer than a spawn a millisecond, so the ids of a later
// supervisor begin above all that an earlier one gave.
std::uint64_t first_spawn_id() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

// Of each supervisor that cannot begin: as long as clients that came meanwhile need to hear it.
constexpr std::chrono::seconds kWhyNotIsTold{1};

core::Supervision::Options core_options(const core::DaemonSpec& daemon) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return {
      .first_spawn = first_spawn_id(),
      .max_starting = daemon.max_starting > 0 ? daemon.max_starting : static_cast<int>(2 * cores),
      .hold_starts = true};
}

Spawner::Surroundings surroundings(const core::DaemonSpec& daemon,
                                   const SupervisorOptions& options) {
  return {.notify_dir = notify_dir(daemon.runtime_dir),
          .private_dir = private_dir(daemon.runtime_dir),
          .worker_socket = daemon.worker_socket,
          .log_dir = daemon.log_dir,
          .environment = config::this_process().environment,
          .nofile_soft = options.nofile_soft};
}

log::Level to_log(core::LogLevel level) {
  switch (level) {
    case core::LogLevel::error:
      return log::Level::error;
    case core::LogLevel::warn:
      return log::Level::warn;
    case core::LogLevel::info:
      return log::Level::info;
    case core::LogLevel::debug:
      return log::Level::debug;
  }
  std::abort();
}

log::Format to_log(core::DaemonLogFormat format) {
  switch (format) {
    case core::DaemonLogFormat::text:
      return log::Format::text;
    case core::DaemonLogFormat::json:
      return log::Format::json;
  }
  std::abort();
}

}  // namespace

void configure_log(const core::DaemonSpec& daemon) {
  log::configure({.level = to_log(daemon.log_level),
                  .format = to_log(daemon.log_format),
                  .process = "supervisor"});
}

Supervisor::Supervisor(loop::Loop& loop, core::Spec spec, Journal journal,
                       const SupervisorOptions& options, keeper::KeeperLink& keeper)
    : loop_(loop),
      spec_(std::move(spec)),
      keeper_(keeper),
      keeper_pid_(getppid()),
      began_(loop::now()),
      journal_(std::move(journal)),
      core_(core_options(spec_.daemon)),
      event_history_(EventHistory::path_beside(options.journal)),
      event_feed_(loop, event_history_),
      tracking_(make_tracker(loop, spec_.daemon.runtime_dir, keeper_pid_)),
      recipes_(loop,
               [this](const core::RecipeMade& made) {
                 journal_.note(made.group, recipes_);
                 happen(made);
               }),
      listeners_(
          anchor_dir(spec_.daemon.runtime_dir),
          [this](const std::string& name, int fd) {
            if (const Status put = keeper_.put(name, std::array{fd}); !put) {
              log::warn("{}: {}", name, put.error().message);
            }
          },
          [this](const std::string& name) { (void)keeper_.drop(name); }),
      logger_(loop, {.on_captures =
                         [this](const std::vector<core::SpawnId>& spawns) {
                           spawner_.reconcile_captures(spawns, held_spawns_);
                         },
                     .on_matched = [this](core::SpawnId spawn) { readiness_.log_matched(spawn); },
                     .on_finished =
                         [this](core::SpawnId spawn) {
                           spawner_.output_written(spawn);
                           sync_keeper();
                         },
                     .on_counted = [this](const logs::Counted& counted) { on_counted(counted); },
                     .on_alone = [this] { ask_for_logger(); }}),
      errands_({.loop = loop, .tracker = *tracking_.tracker},
               {.notify_dir = notify_dir(spec_.daemon.runtime_dir),
                .worker_socket = spec_.daemon.worker_socket,
                .environment = config::this_process().environment,
                .nofile_soft = options.nofile_soft},
               first_errand(first_spawn_id())),
      readiness_({.loop = loop,
                  .logger = logger_,
                  .tracker = *tracking_.tracker,
                  .recipes = recipes_,
                  .errands = errands_},
                 [this](const core::ReadinessSeen& seen) { happen(seen); }),
      spawner_({.loop = loop,
                .recipes = recipes_,
                .listeners = listeners_,
                .tracker = *tracking_.tracker,
                .readiness = readiness_,
                .logger = logger_,
                .keeper = keeper_,
                .journal = journal_},
               surroundings(spec_.daemon, options),
               [this](const core::Event& event) { happen(event); }),
      rehearsals_({.loop = loop, .listeners = listeners_, .errands = errands_},
                  private_dir(spec_.daemon.runtime_dir)),
      before_({.recipes = recipes_, .errands = errands_, .rehearsals = rehearsals_},
              [this](const core::BeforeEnded& ended) { happen(ended); }),
      demand_(loop, listeners_,
              [this](const std::string& group) { happen(core::ConnectionWaits{group}); }),
      idle_({.loop = loop,
             .spec = spec_,
             .core = core_,
             .listeners = listeners_,
             .automatic = automatic_},
            [this](const std::string& group) { happen(core::GroupIdle{group}); }),
      timers_(loop, [this](const core::TimerKey& key) { on_timer(key); }),
      rolls_(
          [this](core::SpawnId spawn, logs::LoggerClient::LinesCallback on_lines) {
            logger_.tail(spawn, Commands::kOutputLines, std::move(on_lines));
          },
          [this] { routes_.answer_waiters(); },
          [this](const std::string& key, std::string text) {
            if (text.empty()) {
              journal_.drop_rolls(key);
            } else {
              journal_.note_roll(key, std::move(text));
            }
          }),
      commands_(loop, rolls_,
                [this](core::SpawnId spawn, logs::LoggerClient::LinesCallback on_lines) {
                  logger_.tail(spawn, Commands::kOutputLines, std::move(on_lines));
                }),
      orders_({.core = core_, .commands = commands_, .rolls = rolls_},
              [this](const core::Event& event) { happen(event); }),
      own_commands_({.spec = spec_, .core = core_, .orders = orders_, .spawner = spawner_},
                    [this](const std::string& group, const std::string& cause) {
                      note_trigger(group, cause);
                    }),
      automatic_([this](const std::string& group, const core::TriggerAction& action,
                        const std::string& cause) { own_commands_.act(group, action, cause); },
                 [this](const std::string& group, std::string text) {
                   // What ends a hold is written with what is done then.
                   const bool held = !text.empty();
                   journal_.note_automatic(group, std::move(text));
                   if (held) write_own();
                 }),
      triggers_(loop, core_, automatic_,
                {.note = [this](const std::string& group,
                                std::string text) { journal_.note_seen(group, std::move(text)); },
                 .flush = [this] { write_own(); }}),
      holds_(
          automatic_, triggers_,
          [this](const std::string& group, wire::HoldAction action) { keep_hold(group, action); }),
      apply_(
          options.config_file,
          {.loop = loop, .spec = spec_, .core = core_, .listeners = listeners_, .orders = orders_},
          apply_hooks()),
      upgrade_(upgrade_hooks()),
      log_feed_(loop, log_feed_parts()),
      routes_({.loop = loop,
               .spec = spec_,
               .core = core_,
               .history = history_,
               .tracker = *tracking_.tracker,
               .errands = errands_,
               .spawner = spawner_,
               .logger = logger_,
               .commands = commands_,
               .rolls = rolls_,
               .orders = orders_,
               .automatic = automatic_,
               .triggers = triggers_,
               .demand = demand_,
               .holds = holds_,
               .events = event_feed_,
               .happened = event_history_,
               .logs = log_feed_,
               .listeners = listeners_},
              {.happen = [this](const core::Event& event) { happen(event); },
               .busy = [this] { return busy(); },
               .superd = [this] { return superd_view(); },
               .doctor = [this] { return doctor_view(); },
               .fired = [this](const std::string& group,
                               const std::string& cause) { note_trigger(group, cause); },
               .apply = [this](const wire::ApplyRequest& request, const std::string& cause,
                               Responder out) { apply_.request(request, cause, std::move(out)); },
               .upgrade = [this](const std::string& cause,
                                 Responder out) { upgrade_.request(cause, std::move(out)); },
               .metrics = [this](Responder out) { metrics_.answer(std::move(out)); }}),
      leftovers_(loop, *tracking_.tracker, keeper_pid_),
      hooks_(
          loop, spec_.hooks,
          {.environment = config::this_process().environment, .nofile_soft = options.nofile_soft},
          Hooks::Limits{}, hook_keep()),
      orphan_hooks_(loop, Hooks::Limits{}.timeout, [this](pid_t pid) { drop_hook(pid); }),
      occurrences_([this](core::OccurrenceKind kind, const wire::OccurrenceView& view) {
        tell(kind, view);
      }),
      tally_(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())),
      keep_requests_(loop, [this] { keep_requests(); }),
      metrics_({.loop = loop,
                .core = core_,
                .tracker = *tracking_.tracker,
                .listeners = listeners_,
                .tally = tally_},
               SUPERD_VERSION),
      signal_orders_({.spec = spec_, .core = core_, .orders = orders_, .spawner = spawner_},
                     signal_hooks()),
      schedules_(loop, [this](const std::string& group) { on_schedule(group); }),
      sockets_timer_(loop, [this] { look_after_sockets(); }) {}

Supervisor::~Supervisor() = default;

namespace {

// What to go on from; nothing: there is no journal, or none that can be gone on from.
struct Continuation {
  std::optional<Recovered> recovered;
  std::map<std::string, std::string> values;
};

Result<Continuation> read_journal(const std::string& path, const std::string& boot_id) {
  Continuation from;
  Result<journal::Content> content = journal::read(path);
  if (!content && is_shortage(content.error().code)) return tl::unexpected(content.error());
  if (!content) {
    log::error("{}; beginning without it", content.error().message);
    return from;
  }
  if (content->bytes == 0) return from;
  if (!content->head || content->head->format != journal::kFormat) {
    log::error("journal {}: it is spoiled, or of another superd: beginning without it", path);
    return from;
  }
  if (content->head->boot_id != boot_id) {
    log::info("journal {}: it is from before the machine was started again", path);
    return from;
  }
  if (content->bad_lines > 0) {
    log::error("journal {}: {} of its lines ({} bytes) were torn or spoiled and are lost", path,
               content->bad_lines, content->bad_bytes);
  }
  if (content->unfinished_bytes > 0) {
    log::warn(
        "journal {}: its last {} bytes are of a step that was torn or spoiled: none of it counts",
        path, content->unfinished_bytes);
  }
  std::vector<std::string> complaints;
  from.recovered = read_back(content->values, complaints);
  for (const std::string& complaint : complaints) log::error("journal {}: {}", path, complaint);
  if (from.recovered) from.values = std::move(content->values);
  return from;
}

// The configuration on disk; empty, with the errors told: it cannot be used.
config::Loaded load_config(const std::string& file) {
  config::Loaded loaded = config::load(file, config::default_directories(config::this_process()));
  configure_log(loaded.spec.daemon);
  for (const config::ConfigError& error : loaded.errors) log::error("{}", to_string(error));
  for (const config::ConfigError& warning : loaded.warnings) log::warn("{}", to_string(warning));
  return loaded;
}

// The keeper is a new one: nothing of superd's own is open, and the file counts for it.
bool is_fresh(const keeper::Briefing& briefing) {
  return std::none_of(briefing.items.begin(), briefing.items.end(),
                      [](const keeper::Item& item) { return item.name == kControlItem; });
}

void take_daemon_from_file(const std::string& file, Recovered& recovered) {
  config::Loaded loaded = load_config(file);
  if (!loaded.errors.empty()) return;
  recovered.spec.daemon = std::move(loaded.spec.daemon);
  recovered.spec.hooks = std::move(loaded.spec.hooks);
}

// At once: the keeper kills a supervisor that closes its pair first, and would see that.
[[noreturn]] void cannot_begin(const Error& why) {
  log::error("{}", why.message);
  _exit(is_shortage(why.code) ? keeper::kTryAgainLater : 1);
}

// Nothing but the config file tells what to do, and it has errors. The next supervisor tries again;
// who asks meanwhile hears why.
[[noreturn]] void cannot_begin_without_config(const std::vector<keeper::Item>& items,
                                              const std::string& file,
                                              const std::vector<config::ConfigError>& errors) {
  const Error why{
      .code = EINVAL,
      .message = fmt::format("no supervisor can begin: there is no journal to go on by, and {} has "
                             "errors: mend it; the workers are left alone",
                             file)};
  (void)tell_why_not(items, fmt::format("{} ({})", why.message, to_string(errors.front())),
                     kWhyNotIsTold);
  cannot_begin(why);
}

}  // namespace

int check_journal(const std::string& path) {
  const Result<journal::Content> content = journal::read(path);
  std::vector<std::string> complaints;
  if (!content) {
    complaints.push_back(content.error().message);
  } else if (content->bytes == 0) {
    complaints.emplace_back("it is missing or empty");
  } else if (!content->head || content->head->format != journal::kFormat) {
    complaints.push_back("its format is not one that this superd reads");
  } else if (!read_back(content->values, complaints)) {
    complaints.emplace_back("it has no state that one could go on from");
  }
  for (const std::string& complaint : complaints) log::error("journal {}: {}", path, complaint);
  return complaints.empty() ? 0 : 1;
}

int run_supervisor(const SupervisorOptions& options) {
  keeper::KeeperLink keeper{UniqueFd(options.keeper_fd)};
  auto briefing = keeper.receive_briefing(std::chrono::seconds(10));
  if (!briefing) cannot_begin(briefing.error());
  if (briefing->set_journal_aside) {
    const Status aside = journal::set_aside(options.journal);
    log::error("the supervisors before this one died too often: their journal is set aside{}",
               aside ? " as " + options.journal + ".aside" : ": " + aside.error().message);
  }
  const Result<std::string> boot = journal::boot_id();
  if (!boot && is_shortage(boot.error().code)) cannot_begin(boot.error());
  const std::string boot_id = boot.value_or("");
  Result<Continuation> journaled = read_journal(options.journal, boot_id);
  if (!journaled) cannot_begin(journaled.error());
  Continuation& from = *journaled;
  if (from.recovered && is_fresh(*briefing))
    take_daemon_from_file(options.config_file, *from.recovered);
  config::Loaded config;
  if (!from.recovered) config = load_config(options.config_file);
  if (!config.errors.empty()) {
    cannot_begin_without_config(briefing->items, options.config_file, config.errors);
  }
  core::Spec spec = from.recovered ? from.recovered->spec : std::move(config.spec);
  configure_log(spec.daemon);
  Result<loop::Loop> loop = loop::Loop::create();
  if (!loop) cannot_begin(loop.error());
  journal::SpecNumbers specs = from.recovered ? from.recovered->specs : journal::SpecNumbers();
  Journal journal(journal::Store(options.journal, boot_id, std::move(from.values)),
                  std::move(specs));
  Supervisor supervisor(*loop, std::move(spec), std::move(journal), options, keeper);
  const Status begun = supervisor.begin(std::move(briefing->items), std::move(from.recovered));
  if (!begun) cannot_begin(begun.error());
  loop->run();
  // A thread of the pool may hang on a dead file system: nothing waits for it.
  if (supervisor.keeper_gone()) _exit(0);
  (void)keeper.settle(std::chrono::seconds(1));
  _exit(0);
}

}  // namespace superd::daemon
