#include "command_line.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "command.h"

namespace superd::superctl {
namespace {

constexpr const char* kFooter =
    "Every command takes the options of superctl too. Exit status: 0 done, 1 failed, 2 usage,\n"
    "3 not running, 4 no such name, 5 superd not reachable, 6 not permitted, 7 timed out (the\n"
    "work goes on). superctl(1) says more.";

struct Parsed {
  Options options;
  std::string timeout;
  bool version = false;
};

void declare_options(CLI::App& app, Parsed& parsed) {
  app.add_option("-c,--config", parsed.options.config, "the config that names the control socket")
      ->type_name("FILE");
  app.add_option("-s,--socket", parsed.options.socket, "the control socket")->type_name("PATH");
  app.add_flag("--json", parsed.options.json, "print one JSON document");
  app.add_flag("-q,--quiet", parsed.options.quiet, "print nothing but errors");
  app.add_flag("--no-wait", parsed.options.no_wait, "do not wait until it is done");
  app.add_option("--timeout", parsed.timeout, "wait no longer than this (10s, 2m)")->type_name("D");
  app.add_flag("--version", parsed.version, "print the version of superctl");
}

ExitCode refuse(const std::string& message, bool json) {
  Output out(Output::Mode::normal);
  out.complain(message);
  if (json) {
    out.print_line(failure_document({ExitCode::usage, message}));
    static_cast<void>(out.flush());
  }
  out.tell("try superctl --help");
  return ExitCode::usage;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// Why something of the command line is left over.
std::string unknown(const CLI::App& app, const CLI::App* subcommand, const std::string& word,
                    const std::vector<Command>& commands) {
  std::vector<std::string> candidates;
  if (word.starts_with('-')) {
    candidates = option_names(app);
    if (subcommand != nullptr)
      std::ranges::copy(option_names(*subcommand), std::back_inserter(candidates));
    return fmt::format("unknown option {}{}", superd::quoted(word), did_you_mean(word, candidates));
  }
  if (subcommand != nullptr) {
    return fmt::format("{} takes no further argument: {}", subcommand->get_name(),
                       superd::quoted(word));
  }
  for (const auto& command : commands) candidates.push_back(command.name);
  return fmt::format("unknown command {}{}", superd::quoted(word), did_you_mean(word, candidates));
}

ExitCode finish(Context& context, ExitCode code) {
  const auto flushed = context.out().flush();
  return flushed ? code : context.report({ExitCode::failed, flushed.error().message});
}

ExitCode run_parsed(const CLI::App& app, Parsed& parsed, const std::vector<Command>& commands) {
  const auto chosen = app.get_subcommands();
  const auto* subcommand = chosen.empty() ? nullptr : chosen.front();
  const auto rest = app.remaining(true);
  if (!rest.empty()) {
    return refuse(unknown(app, subcommand, rest.front(), commands), parsed.options.json);
  }
  if (!parsed.timeout.empty()) {
    const auto timeout = parse_duration(parsed.timeout);
    if (!timeout) {
      return refuse("--timeout: " + timeout.error().message, parsed.options.json);
    }
    parsed.options.timeout = *timeout;
  }
  Context context(parsed.options);
  if (parsed.version) {
    context.out().print_line("superctl " SUPERD_VERSION);
    return finish(context, ExitCode::done);
  }
  if (subcommand == nullptr) {
    context.out().tell(app.help());
    return ExitCode::usage;
  }
  const auto command = std::ranges::find(commands, subcommand->get_name(), &Command::name);
  if (command->asks_superd) {
    if (const Status found = context.find_socket(); !found) {
      return finish(context, context.report({ExitCode::usage, found.error().message}));
    }
  }
  return finish(context, command->run(context));
}

ExitCode show_help(const CLI::App& app) {
  Output out(Output::Mode::normal);
  out.print(app.help());
  return out.flush() ? ExitCode::done : ExitCode::failed;
}

}  // namespace

ExitCode run_command_line(int argc, char** argv) {
  CLI::App app("superctl drives superd.", "superctl");
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "print this");
  app.require_subcommand(0, 1);
  app.allow_extras();
  Parsed parsed;
  declare_options(app, parsed);
  const auto commands = all_commands();
  for (const auto& command : commands) {
    auto* subcommand = app.add_subcommand(command.name, command.summary);
    subcommand->fallthrough()->allow_extras();
    command.declare(*subcommand);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return show_help(app);
  } catch (const CLI::ParseError& error) {
    const std::span words(argv, static_cast<std::size_t>(argc));
    return refuse(error.what(), std::ranges::any_of(words, [](const char* word) {
                    return std::string_view(word) == "--json";
                  }));
  }
  return run_parsed(app, parsed, commands);
}

}  // namespace superd::superctl
