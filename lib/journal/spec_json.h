#pragma once

#include <nlohmann/json.hpp>

#include "core/spec.h"
#include "core/worker_ref.h"
#include "journal/json_types.h"

// Specs as JSON and back, field by field under their names in core/spec.h. A field that is missing
// has its default, one that is not known is ignored; a field of the wrong type throws
// nlohmann::json::exception, which whoever reads a journal catches once for all of it.
namespace superd::core {

NLOHMANN_JSON_SERIALIZE_ENUM(Sharing, {{Sharing::group, "group"}, {Sharing::spawn, "spawn"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Family, {{Family::tcp4, "tcp4"},
                                      {Family::tcp6, "tcp6"},
                                      {Family::unix_path, "unix"}})
NLOHMANN_JSON_SERIALIZE_ENUM(SocketEnv, {{SocketEnv::automatic, "auto"},
                                         {SocketEnv::listen_fds, "listen_fds"},
                                         {SocketEnv::none, "none"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ReadyWhen, {{ReadyWhen::automatic, "auto"},
                                         {ReadyWhen::notify, "notify"},
                                         {ReadyWhen::listening, "listening"},
                                         {ReadyWhen::delay, "delay"},
                                         {ReadyWhen::exec, "exec"},
                                         {ReadyWhen::fd, "fd"},
                                         {ReadyWhen::log, "log"},
                                         {ReadyWhen::http, "http"}})
NLOHMANN_JSON_SERIALIZE_ENUM(RollStrategy, {{RollStrategy::rolling, "rolling"},
                                            {RollStrategy::stop_first, "stop-first"}})
NLOHMANN_JSON_SERIALIZE_ENUM(OnFailure,
                             {{OnFailure::rollback, "rollback"}, {OnFailure::hold, "hold"}})
NLOHMANN_JSON_SERIALIZE_ENUM(RespawnPolicy, {{RespawnPolicy::always, "always"},
                                             {RespawnPolicy::on_failure, "on-failure"},
                                             {RespawnPolicy::never, "never"}})
NLOHMANN_JSON_SERIALIZE_ENUM(LogOutput, {{LogOutput::file, "file"},
                                         {LogOutput::inherit, "inherit"},
                                         {LogOutput::discard, "discard"}})
NLOHMANN_JSON_SERIALIZE_ENUM(LogFormat, {{LogFormat::cri, "cri"},
                                         {LogFormat::raw, "raw"},
                                         {LogFormat::json, "json"}})
NLOHMANN_JSON_SERIALIZE_ENUM(LogOverflow,
                             {{LogOverflow::drop, "drop"}, {LogOverflow::block, "block"}})
NLOHMANN_JSON_SERIALIZE_ENUM(TriggerAction::Kind,
                             {{TriggerAction::Kind::restart, "restart"},
                              {TriggerAction::Kind::restart_at_request, "restart-at-request"},
                              {TriggerAction::Kind::reload, "reload"},
                              {TriggerAction::Kind::stop, "stop"},
                              {TriggerAction::Kind::start, "start"},
                              {TriggerAction::Kind::signal, "signal"}})
NLOHMANN_JSON_SERIALIZE_ENUM(SignalOrder::Verb, {{SignalOrder::Verb::start, "start"},
                                                 {SignalOrder::Verb::stop, "stop"},
                                                 {SignalOrder::Verb::restart, "restart"},
                                                 {SignalOrder::Verb::reload, "reload"},
                                                 {SignalOrder::Verb::signal, "signal"},
                                                 {SignalOrder::Verb::hold, "hold"},
                                                 {SignalOrder::Verb::release, "release"},
                                                 {SignalOrder::Verb::apply, "apply"}})
NLOHMANN_JSON_SERIALIZE_ENUM(LogLevel, {{LogLevel::error, "error"},
                                        {LogLevel::warn, "warn"},
                                        {LogLevel::info, "info"},
                                        {LogLevel::debug, "debug"}})
NLOHMANN_JSON_SERIALIZE_ENUM(DaemonLogFormat,
                             {{DaemonLogFormat::text, "text"}, {DaemonLogFormat::json, "json"}})

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ListenSpec, sharing, address, family, host, port,
                                                path, name, backlog, mode, owner)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StatusRange, from, to)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HttpSpec, path, statuses)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ReadySpec, when, timeout, soak, delay, command,
                                                match, http)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StopSpec, signal, timeout)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BatchSpec, workers, percent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RollSpec, strategy, batch, before, before_timeout,
                                                rehearse, rehearse_http, on_failure)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackoffSpec, min, max, factor, jitter)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GiveUpSpec, failures, within)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RespawnSpec, policy, backoff, reset_after, give_up,
                                                clean_statuses, clean_signals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RlimitSpec, soft, hard)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LimitsSpec, nofile, core, address_space, nproc,
                                                nice, oom_score_adj, cpus, no_new_privileges)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Cron, minutes, hours, days, months, weekdays,
                                                any_day, any_weekday)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RecycleSpec, schedule)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LogSpec, output, format, max_size, keep, compress,
                                                overflow)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TriggerAction, kind, signal)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TriggerSpec, paths, ignore, action, settle, content,
                                                poll)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(WorkerRef, group, number)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EnvEntry, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Place, file, line, column)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GroupSpec, name, place, command, workers, listen,
                                                socket_env, socket_shim, port_base, directory, user,
                                                group, extra_groups, umask, env, env_file,
                                                clear_env, autostart, on_demand, idle_timeout,
                                                depends_on, reload_signal, ready, stop, roll,
                                                respawn, recycle, limits, log, triggers, hold_file)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SignalOrder, number, line, verb, names, now, signal,
                                                whole_tree)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DaemonSpec, runtime_dir, control, control_mode,
                                                control_owner, worker_socket, max_starting, log_dir,
                                                signals, log_level, log_format)

inline void to_json(nlohmann::json& j, const HookSpec& hook) {
  std::vector<std::string> on;
  for (const OccurrenceKind kind : hook.on) on.emplace_back(name(kind));
  j = {{"on", on}, {"run", hook.run}, {"directory", hook.directory}};
}

inline void from_json(const nlohmann::json& j, HookSpec& hook) {
  for (const auto& text : j.value("on", std::vector<std::string>())) {
    if (const auto kind = parse_occurrence_kind(text)) hook.on.insert(*kind);
  }
  hook.run = j.value("run", std::vector<std::string>());
  hook.directory = j.value("directory", "");
}

}  // namespace superd::core
