#include "config/runner.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/runner_presets.h"
#include "config/runner_words.h"

namespace superd::config {
namespace {

void fill(const RunnerLine& line, RunnerChoice& choice) {
  switch (choice.runner) {
    case Runner::none:
      return;
    case Runner::gunicorn:
      return preset_gunicorn(line, choice);
    case Runner::uwsgi:
      return preset_uwsgi(line, choice);
    case Runner::waitress:
      return preset_waitress(line, choice);
    case Runner::uvicorn:
      return preset_uvicorn(line, choice);
    case Runner::hypercorn:
      return preset_hypercorn(line, choice);
    case Runner::cheroot:
      return preset_cheroot(line, choice);
    case Runner::mod_wsgi:
      return preset_mod_wsgi(line, choice);
    case Runner::daphne:
      return preset_daphne(line, choice);
    case Runner::twist:
      return preset_twist(line, choice);
    case Runner::puma:
      return preset_puma(line, choice);
    case Runner::unicorn:
      return preset_unicorn(line, choice);
    case Runner::php_fpm:
      return preset_php_fpm(line, choice);
    case Runner::node:
    case Runner::gevent:
    case Runner::wsgiref:
      return preset_own_program(line, choice);
  }
  std::abort();
}

// Whether every use of the runner is to serve sockets.
bool always_serves(Runner runner) { return runner != Runner::none && runner != Runner::node; }

std::string reason(std::optional<Runner> wanted, const FoundProgram& program) {
  if (wanted) return fmt::format("runner = \"{}\"", name(*wanted));
  if (program.runner != Runner::none) {
    return fmt::format("the command runs {}", quoted(program.shown));
  }
  if (program.through_shell) return "a shell runs the command";
  return fmt::format("{} is not a known runner", quoted(program.shown));
}

void warn_of_what_is_in_front(const core::GroupSpec& group, const FoundProgram& program,
                              RunnerChoice& choice) {
  if (program.through_shell) {
    const auto mentioned = std::find_if(group.command.begin(), group.command.end(),
                                        [](const auto& word) { return mentions_runner(word); });
    if (mentioned == group.command.end()) return;
    return warn(choice, program.word,
                fmt::format("the signals that superd sends reach the shell, and not {}: write the "
                            "program itself as the command, or `exec` in front of it",
                            name(*mentions_runner(*mentioned))));
  }
  if (program.in_front && choice.runner != Runner::none) {
    warn(choice, program.in_front->word,
         fmt::format("{} stays in front of {}, and it is {} that gets superd's signals: name the "
                     "program itself, such as /srv/web/.venv/bin/{}",
                     program.in_front->program, name(choice.runner), program.in_front->program,
                     name(choice.runner)));
  }
}

void check_common(const core::GroupSpec& group, const FoundProgram& program,
                  std::optional<Runner> wanted, RunnerChoice& choice) {
  warn_of_what_is_in_front(group, program, choice);
  if (wanted && choice.runner != Runner::none && program.runner != Runner::none &&
      program.runner != choice.runner) {
    warn(choice, program.word,
         fmt::format("runner is \"{}\", but the command runs {}: leave runner out, and superd goes "
                     "by the command",
                     name(choice.runner), quoted(program.shown)));
  }
  if (group.listen.empty() && !group.port_base && always_serves(choice.runner)) {
    warn(choice, program.word,
         fmt::format("without `listen` {} binds its own socket: clients are refused while it "
                     "restarts, and no two processes can run; add listen = [\"127.0.0.1:8000\"]",
                     name(choice.runner)));
  }
}

}  // namespace

std::string_view name(Runner runner) {
  switch (runner) {
    case Runner::none:
      return "none";
    case Runner::gunicorn:
      return "gunicorn";
    case Runner::uwsgi:
      return "uwsgi";
    case Runner::waitress:
      return "waitress";
    case Runner::uvicorn:
      return "uvicorn";
    case Runner::hypercorn:
      return "hypercorn";
    case Runner::cheroot:
      return "cheroot";
    case Runner::mod_wsgi:
      return "mod_wsgi";
    case Runner::daphne:
      return "daphne";
    case Runner::twist:
      return "twist";
    case Runner::puma:
      return "puma";
    case Runner::unicorn:
      return "unicorn";
    case Runner::php_fpm:
      return "php-fpm";
    case Runner::node:
      return "node";
    case Runner::gevent:
      return "gevent";
    case Runner::wsgiref:
      return "wsgiref";
  }
  std::abort();
}

RunnerChoice choose_runner(std::optional<Runner> wanted, const core::GroupSpec& group,
                           const ReadText& read) {
  FoundProgram program = find_program(group.command);
  RunnerChoice choice;
  choice.runner = wanted.value_or(program.runner);
  choice.why = reason(wanted, program);
  RunnerOptions options(program.arguments, program.places);
  const RunnerLine line{
      .group = group, .program = std::move(program), .options = std::move(options), .read = read};
  fill(line, choice);
  check_common(group, line.program, wanted, choice);
  return choice;
}

std::string cannot_serve_private(const RunnerChoice& choice, const core::GroupSpec&) {
  return choice.no_private;
}

}  // namespace superd::config
