#include <csignal>

#include <fmt/format.h>

#include "config/runner_presets.h"

// The WSGI servers of a single process, and programs that bring their own server along.
namespace superd::config {
namespace {

// What both wait for their threads as they stop.
constexpr core::Duration kThreadsTimeout = std::chrono::seconds(5);

}  // namespace

void preset_waitress(const RunnerLine& line, RunnerChoice& choice) {
  if (line.program.is_launcher) return set_launcher(line, choice);
  choice.form = "waitress-serve";
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGINT;
  choice.graceful_signals = {SIGINT};
  set_limit(choice, kThreadsTimeout, "its wait for threads");
  warn(choice, line.program.word,
       "as waitress-serve stops it loses the requests that wait for a thread: superd-waitress "
       "answers them, see superd-runners(7)");
  if (!line.must_inherit()) return;
  warn(choice, line.program.word,
       "waitress-serve cannot take the sockets of `listen` and would bind one of its own: run "
       "superd-waitress instead, or write socket_shim = true");
  choice.no_private =
      "waitress-serve cannot take an inherited socket: run superd-waitress instead, see "
      "superd-runners(7), or leave the private socket out";
}

void preset_cheroot(const RunnerLine& line, RunnerChoice& choice) {
  if (line.program.is_launcher) return set_launcher(line, choice);
  choice.form = "cheroot's own command";
  choice.notifies = Notifies::never;
  choice.stop_signal = SIGINT;
  choice.graceful_signals = {SIGINT};
  choice.clean_signals = {SIGINT};
  choice.socket_env = core::SocketEnv::listen_fds;
  set_limit(choice, line.options.last({"--shutdown-timeout"}), nullptr, kThreadsTimeout,
            "shutdown-timeout");
  choice.no_private =
      "cheroot's own command takes one socket: run superd-cheroot instead, see superd-runners(7), "
      "or leave the private socket out";
  if (has_unix_socket(line.group)) {
    warn(choice, line.program.word,
         "cheroot's own command answers nothing on an inherited unix socket: run superd-cheroot "
         "instead, or use a TCP address");
  }
  if (line.group.listen.size() > 1) {
    warn(choice, line.program.word,
         "cheroot's own command serves the first socket of `listen` alone: run superd-cheroot "
         "instead");
  }
}

void preset_own_program(const RunnerLine& line, RunnerChoice& choice) {
  if (line.program.is_launcher) return set_launcher(line, choice);
  choice.notes.push_back(fmt::format(
      "a program of one's own on {0} ends at TERM at once, requests and all, unless it handles the "
      "signal: superd-{0} does",
      name(choice.runner)));
}

}  // namespace superd::config
