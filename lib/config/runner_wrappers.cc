#include "config/runner_wrappers.h"

#include <algorithm>
#include <iterator>

namespace superd::config {
namespace {

using Stays = Wrapper::Stays;

constexpr Wrapper kWrappers[] = {
    {.name = "nice", .with_value = " -n --adjustment "},
    {.name = "ionice", .with_value = " -c -n --class --classdata "},
    {.name = "setpriv",
     .with_value = " --groups --inh-caps --ambient-caps --bounding-set --ruid --euid --rgid --egid "
                   "--reuid --regid --securebits --pdeathsig --selinux-label --apparmor-profile "},
    {.name = "stdbuf", .with_value = " -i -o -e --input --output --error "},
    {.name = "chrt",
     .with_value = " -T -P -D --sched-runtime --sched-period --sched-deadline ",
     .operands = 1},
    {.name = "taskset", .operands = 1},
    {.name = "numactl", .with_value = " -N -m -i -C -p "},
    {.name = "choom", .with_value = " -n --adjust "},
    {.name = "prlimit"},
    {.name = "nohup"},
    {.name = "chroot", .operands = 1},
    {.name = "gosu", .operands = 1},
    {.name = "su-exec", .operands = 1},
    {.name = "setuidgid", .operands = 1},
    {.name = "chpst", .with_value = " -u -U -e -n -m -d -o -p -f -c -r -t -l -L -/ "},
    {.name = "poetry", .subcommand = "run", .with_value = " -C --directory -P --project "},
    {.name = "pipenv", .subcommand = "run", .with_value = " --python "},
    {.name = "pdm", .subcommand = "run", .with_value = " -p --project "},
    {.name = "bundle", .subcommand = "exec", .with_value = " --gemfile "},
    {.name = "bundler", .subcommand = "exec", .with_value = " --gemfile "},
    {.name = "rbenv", .subcommand = "exec"},
    {.name = "newrelic-admin", .subcommand = "run-program"},
    {.name = "ddtrace-run"},
    {.name = "opentelemetry-instrument"},
    {.name = "uv",
     .subcommand = "run",
     .with_value = " -p --python --with --extra --group --env-file --project --directory --package "
                   "--with-requirements --with-editable ",
     .stays = Stays::in_the_way},
    {.name = "conda",
     .subcommand = "run",
     .with_value = " -n --name -p --prefix --cwd ",
     .stays = Stays::in_the_way},
    {.name = "timeout",
     .with_value = " -k --kill-after -s --signal ",
     .operands = 1,
     .stays = Stays::in_the_way},
    {.name = "sudo",
     .with_value = " -u -g -C -D -h -p -r -t -U --user --group --chdir ",
     .stays = Stays::in_the_way},
    {.name = "runuser",
     .with_value = " -u --user -g --group -G --supp-group ",
     .stays = Stays::in_the_way},
    {.name = "dumb-init", .with_value = " -r --rewrite ", .stays = Stays::in_the_way},
    {.name = "tini", .with_value = " -p -e ", .stays = Stays::passes_on},
    {.name = "catatonit", .stays = Stays::passes_on},
};

}  // namespace

const Wrapper* find_wrapper(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kWrappers), std::end(kWrappers),
                   [&](const Wrapper& wrapper) { return wrapper.name == name; });
  return found == std::end(kWrappers) ? nullptr : found;
}

}  // namespace superd::config
