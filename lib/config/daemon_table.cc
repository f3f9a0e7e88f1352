#include "config/daemon_table.h"

#include <cstddef>

#include <fmt/format.h>

#include "config/accounts.h"
#include "config/paths.h"

namespace superd::config {
namespace {

// Room for the names of the sockets in it.
constexpr std::size_t kLongestRuntimeDir = kLongestSocketPath - 32;
constexpr IntRange kMaxStarting{.min = 0, .max = 10000};

constexpr Choice<core::LogLevel> kLevels[] = {{"error", core::LogLevel::error},
                                              {"warn", core::LogLevel::warn},
                                              {"info", core::LogLevel::info},
                                              {"debug", core::LogLevel::debug}};
constexpr Choice<core::DaemonLogFormat> kFormats[] = {{"text", core::DaemonLogFormat::text},
                                                      {"json", core::DaemonLogFormat::json}};

std::optional<std::string> read_path(const Field& field, const Context& context,
                                     std::size_t longest) {
  const auto text = field.filled_text("a path");
  if (!text) return std::nullopt;
  std::string path = join_path(context.directory, *text);
  if (path.size() > longest) {
    field.error(
        fmt::format("the path {} has {} bytes, a socket's path may have {}: use a shorter one",
                    path, path.size(), longest));
    return std::nullopt;
  }
  return path;
}

void place_sockets(core::DaemonSpec& daemon) {
  daemon.control = daemon.runtime_dir + "/control.sock";
  daemon.worker_socket = daemon.runtime_dir + "/worker.sock";
}

void read_runtime_dir(TableReader& table, const Context& context, core::DaemonSpec& daemon) {
  const auto field = table.field("runtime_dir");
  if (!field) return;
  const auto path = read_path(*field, context, std::string::npos);
  if (!path) return;
  daemon.runtime_dir = *path;
  if (path->size() > kLongestRuntimeDir) {
    field->error(
        fmt::format("{} has {} bytes; {} at most leave room for the names of the sockets in it",
                    *path, path->size(), kLongestRuntimeDir));
  }
}

void read_worker_socket(const Field& field, const Context& context, core::DaemonSpec& daemon) {
  if (const auto* on = field.as<bool>()) {
    if (*on) field.wrong("a path or false", "it is on by default");
    daemon.worker_socket.reset();
    return;
  }
  if (field.as<std::string>() == nullptr) return field.wrong("a path or false");
  if (const auto path = read_path(field, context, kLongestSocketPath)) daemon.worker_socket = *path;
  if (daemon.worker_socket == daemon.control) {
    field.error("the control socket has the same path: workers need one of their own");
  }
}

}  // namespace

core::DaemonSpec default_daemon(const Defaults& defaults) {
  core::DaemonSpec daemon;
  daemon.runtime_dir = defaults.runtime_dir;
  daemon.log_dir = defaults.log_dir;
  place_sockets(daemon);
  return daemon;
}

void read_daemon(TableReader table, const Context& context, core::DaemonSpec& daemon) {
  read_runtime_dir(table, context, daemon);
  place_sockets(daemon);
  if (const auto field = table.field("control")) {
    if (const auto path = read_path(*field, context, kLongestSocketPath)) daemon.control = *path;
  }
  if (const auto field = table.field("control_mode")) {
    if (const auto mode = field->mode()) daemon.control_mode = *mode;
  }
  if (const auto field = table.field("control_owner")) {
    daemon.control_owner = read_owner(*field, context);
  }
  if (const auto field = table.field("worker_socket")) {
    read_worker_socket(*field, context, daemon);
  }
  table.read("max_starting", daemon.max_starting, kMaxStarting);
  if (const auto field = table.field("log_dir")) {
    if (const auto path = read_path(*field, context, std::string::npos)) daemon.log_dir = *path;
  }
  table.read("log_level", daemon.log_level, kLevels);
  table.read("log_format", daemon.log_format, kFormats);
  table.finish();
}

}  // namespace superd::config
