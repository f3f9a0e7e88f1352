#include <string>
#include <vector>

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

namespace {

struct Row {
  std::string text;
  std::string error;
};

void check_rows(const std::vector<Row>& rows, const std::string& before, const Machine& machine) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(errors_of(before + row.text, machine) == Strings{row.error});
  }
}

// Keys of a group that is right without them; they begin on line 3.
void check_group(const std::vector<Row>& rows, const Machine& machine = root_machine()) {
  check_rows(rows, "[group.web]\ncommand = ['x']\n", machine);
}

}  // namespace

TEST_CASE("an unknown key is an error, with the key that was meant", "[config]") {
  check_rows(
      {{"hooks = []", R"(1:1: unknown key "hooks", did you mean "hook"?)"},
       {"groups = {}", R"(1:1: unknown key "groups", did you mean "group"?)"},
       {"[superd]\ncontrl = 'x'",
        R"(2:1: unknown key "contrl" in [superd], did you mean "control"?)"},
       {"[superd.access]\noperators = []", R"(1:9: unknown key "access" in [superd])"},
       {"[web]\ncommand = ['x']", R"(1:2: unknown key "web": a group is written [group.web])"},
       {"\"a\\u001b\" = 1", R"(1:1: unknown key "a\x1b")"}},
      "", root_machine());
  check_group(
      {{"worker = 4", R"(3:1: unknown key "worker" in [group.web], did you mean "workers"?)"},
       {"depend_on = []",
        R"(3:1: unknown key "depend_on" in [group.web], did you mean "depends_on"?)"},
       {"roll.stratgy = 'rolling'",
        R"(3:6: unknown key "stratgy" in [group.web.roll], did you mean "strategy"?)"},
       {"log.colours = true", R"(3:5: unknown key "colours" in [group.web.log])"},
       {"limits.memory_max = '1GiB'", R"(3:8: unknown key "memory_max" in [group.web.limits])"}});
}

TEST_CASE("keys that are not built yet are unknown", "[config]") {
  for (const char* key : {"health", "scale"}) {
    CAPTURE(key);
    const auto errors = errors_of(fmt::format("[group.web]\ncommand = ['x']\n{} = 1\n", key));
    CHECK(errors == Strings{fmt::format("3:1: unknown key \"{}\" in [group.web]", key)});
  }
}

TEST_CASE("a wrong type says what is wanted and what was found", "[config]") {
  check_group({
      {"workers = '4'",
       R"(3:11: group.web.workers: expected a whole number from 1 to 10000, found the string "4": write it without quotes)"},
      {"workers = 1.5",
       "3:11: group.web.workers: expected a whole number from 1 to 10000, found the number 1.5"},
      {"autostart = 'false'",
       R"(3:13: group.web.autostart: expected true or false, found the string "false": write it without quotes)"},
      {"listen = '127.0.0.1:80'",
       R"(3:10: group.web.listen: expected an array, found the string "127.0.0.1:80": write ["127.0.0.1:80"])"},
      {"umask = 22",
       R"(3:9: group.web.umask: expected octal permissions in a string such as "0660", found the number 22: write it in quotes)"},
      {"umask = '0889'",
       R"(3:9: group.web.umask: expected octal permissions in a string such as "0660", found the string "0889")"},
      {"env = 'A=1'",
       R"(3:7: group.web.env: expected a table, found the string "A=1": write [group.web.env])"},
      {"env.A = 1",
       "3:9: group.web.env.A: expected a string, found the number 1: write it in quotes"},
      {"directory = ''", R"(3:13: group.web.directory: expected a path, found the string "")"},
      {"user = 33",
       "3:8: group.web.user: expected a string, found the number 33: write it in quotes"},
      {"ready.timeout = 5",
       R"(3:17: group.web.ready.timeout: expected a duration such as "10s", found the number 5: write "5s" for seconds)"},
      {"stop.timeout = 1979-05-27",
       R"(3:16: group.web.stop.timeout: expected a duration such as "10s", found a date or time)"},
      {"log.output = 'fil'",
       R"(3:14: group.web.log.output: expected "file", "inherit" or "discard", found "fil", did you mean "file"?)"},
      {"env_file = \"a\\u0000b\"",
       "3:12: group.web.env_file: the string contains a NUL character, which no text of the system "
       "can"},
  });
  check_rows(
      {{"group = 1", "1:9: group: expected a table, found the number 1: write [group.NAME]"},
       {"[[group]]\nx = 1", "1:1: group: expected a table, found an array: write [group.NAME]"},
       {"group.web = 1",
        "1:13: group.web: expected a table, found the number 1: write [group.web]"},
       {"superd = 1", "1:10: superd: expected a table, found the number 1: write [superd]"},
       {"include = 'x'",
        R"(1:11: include: expected an array, found the string "x": write ["conf.d/*.toml"])"}},
      "", root_machine());
}

TEST_CASE("a group's name is lower-case letters, digits, _ and -, and no word of superctl",
          "[config]") {
  const std::string rule =
      " cannot be the name of a group: use lower-case letters, digits, _ and -, and begin with a "
      "letter or digit";
  check_rows({{"[group.Web]\ncommand = ['x']", "1:8: \"Web\"" + rule},
              {"[group.'web.1']\ncommand = ['x']", "1:8: \"web.1\"" + rule},
              {"[group._x]\ncommand = ['x']", "1:8: \"_x\"" + rule},
              {"[group.all]\ncommand = ['x']",
               "1:8: no group can be called all: superctl gives the word a meaning"},
              {"[group.self]\ncommand = ['x']",
               "1:8: no group can be called self: superctl gives the word a meaning"}},
             "", root_machine());
}

TEST_CASE("a command that names no program is an error", "[config]") {
  check_rows(
      {{"", R"(1:1: [group.web] has no command: add command = ["PROGRAM", "ARGUMENT"])"},
       {"command = []", "2:11: group.web.command: the command is empty: name a program"},
       {"command = '  '", "2:11: group.web.command: the command is empty: name a program"},
       {"command = ['']", "2:11: group.web.command: the name of the program is empty"},
       {"command = [1]",
        "2:12: group.web.command: expected a string, found the number 1: write it in quotes"},
       {"command = 1",
        R"(2:11: group.web.command: expected an array of strings, or one string, found the number 1: write ["gunicorn", "app:app"])"},
       {"command = \"a 'b\"",
        R"(2:11: group.web.command: a quote (') is opened and never closed, in "a 'b")"}},
      "[group.web]\n", root_machine());
}

TEST_CASE("a number of workers outside 1 to 10000 is an error", "[config]") {
  check_group({{"workers = 0",
                "3:11: group.web.workers: a group has at least one worker: to keep it from "
                "starting by itself, write autostart = false"},
               {"workers = 10001",
                "3:11: group.web.workers: expected a whole number from 1 to 10000, found the "
                "number 10001"}});
}

TEST_CASE("bad, double and colliding sockets are errors", "[config]") {
  check_group({
      {"listen = [':80', ':80']", "3:18: group.web.listen: 0.0.0.0:80 is listed twice"},
      {"listen = [':80', '127.0.0.1:80']",
       "3:18: group.web.listen: 0.0.0.0:80 and 127.0.0.1:80 cannot both be bound: one is every "
       "address of the machine"},
      {"listen = [{address=':80', name='a'}, {address=':81', name='a'}]",
       R"(3:38: group.web.listen: two sockets of the group have the name "a" (the other one is 0.0.0.0:80): give each a name of its own)"},
      {"listen = [{name='a'}]",
       "3:11: group.web.listen: the socket has no address: add address = \"127.0.0.1:8000\""},
      {"listen = [{address=':80', mode='0660'}]",
       "3:32: group.web.listen.mode: 0.0.0.0:80 has no file: only unix sockets have this"},
      {"listen = [{address=':80', backlog=0}]",
       "3:35: group.web.listen.backlog: expected a whole number from 1 to 65535, found the number "
       "0"},
      {"listen = [{address=':80', name='a:b'}]",
       R"(3:32: group.web.listen.name: expected a name of at most 64 letters, digits, _ - and ., found the string "a:b")"},
      {"listen = [{address='unix:/a', owner='nobody-here'}]",
       R"(3:37: group.web.listen.owner: there is no user "nobody-here" on this machine)"},
      {"listen = [8000]",
       R"(3:11: group.web.listen: expected an address such as "127.0.0.1:8000" or a table, found the number 8000)"},
      {"listen = ['unix:/run/superd/control.sock']",
       "3:11: /run/superd/control.sock is superd's own socket: choose another path"},
      {"listen = ['unix:/{worker}']",
       R"(3:11: group.web.listen: path "/{worker}": {worker} cannot be used here; a socket belongs to the whole group, so its path can hold {group} alone)"},
  });
  const std::string path = "/" + std::string(107, 'x');
  const auto errors = errors_of("[group.web]\ncommand = ['x']\nlisten = ['unix:" + path + "']\n");
  CHECK(errors == Strings{"3:11: group.web.listen: the path " + path +
                          " has 108 bytes, a unix socket's may have 107: use a shorter one"});
}

TEST_CASE("unknown placeholders and lone braces are errors where the text stands", "[config]") {
  check_group({
      {"env.A = '{foo}'",
       R"(3:9: group.web.env.A: unknown placeholder "{foo}" (write {{ and }} for braces), in "{foo}")"},
      {"directory = '/srv/{'",
       R"(3:13: group.web.directory: a lone '{': write {{ for a brace, in "/srv/{")"},
      {"env_file = '}'", R"(3:12: group.web.env_file: a lone '}': write }} for a brace, in "}")"},
      {"env.A = '{port}'",
       R"(3:9: group.web.env.A: {port} needs port_base, the port of the first worker, in "{port}")"},
      {"env.A = '{fd:http}'",
       R"(3:9: group.web.env.A: {fd:http} names a socket, but the group has no `listen`, in "{fd:http}")"},
      {"listen = [':80']\nenv.A = '{fd:http}'",
       R"(4:9: group.web.env.A: {fd:http} names no socket of the group: it has socket, in "{fd:http}")"},
      {"env.NOTIFY_SOCKET = 'x'",
       "3:21: group.web.env.NOTIFY_SOCKET: superd sets this variable itself for every worker: use "
       "another name"},
      {"env.'A=B' = 'x'", R"(3:13: group.web.env."A=B": "A=B" cannot be the name of a variable)"},
  });
  CHECK(
      errors_of("[group.web]\ncommand = ['x', '{at:probe}', '{']\n") ==
      Strings{
          R"(2:17: group.web.command: unknown placeholder "{at:probe}" (write {{ and }} for braces), in "{at:probe}")",
          R"(2:31: group.web.command: a lone '{': write {{ for a brace, in "{")"});
}

TEST_CASE("every worker's port must exist", "[config]") {
  check_group({{"port_base = 65530\nworkers = 10",
                "3:13: group.web.port_base: the last of 10 workers would have the port 65539: at "
                "most 65526 leaves room"},
               {"port_base = 0",
                "3:13: group.web.port_base: expected a whole number from 1 to 65535, found the "
                "number 0"}});
}

TEST_CASE("accounts that are not there, and those that superd may not use, are errors",
          "[config]") {
  check_group({{"user = 'nobody-here'",
                R"(3:8: group.web.user: there is no user "nobody-here" on this machine)"},
               {"group = 'nobody-here'",
                R"(3:9: group.web.group: there is no group "nobody-here" on this machine)"}});
  check_group({{"user = 'www-data'",
                "3:8: group.web.user: only root can run workers as www-data, and superd runs as "
                "deploy: start superd as root, or leave this out"},
               {"group = 'ops'",
                "3:9: group.web.group: only root can run workers with the group ops, and superd "
                "runs as deploy: start superd as root, or leave this out"},
               {"extra_groups = ['ops']",
                "3:17: group.web.extra_groups: only root can give workers further groups, and "
                "superd runs as deploy: start superd as root, or leave this out"},
               {"listen = [{address='unix:/a', owner='root'}]",
                "3:37: group.web.listen.owner: only root can give a socket to root, and superd "
                "runs as deploy: start superd as root, or leave this out"}},
              user_machine());
}

TEST_CASE("impossible times are errors", "[config]") {
  check_group({
      {"ready.timeout = '500ms'",
       "3:17: group.web.ready.timeout: the delay 1s is longer than the timeout 500ms: no start "
       "could succeed"},
      {"ready = { delay = '2m', timeout = '1m' }",
       "3:19: group.web.ready.delay: the delay 2m is longer than the timeout 1m: no start could "
       "succeed"},
      {"ready.timeout = '0s'", "3:17: group.web.ready.timeout: it must be longer than 0s"},
      {"stop.signal = 'TREM'",
       R"(3:15: group.web.stop.signal: unknown signal "TREM", did you mean "TERM"?)"},
      {"stop.timeout = '35'",
       R"(3:16: group.web.stop.timeout: "35" has no unit: write "35s" for seconds)"},
      {"respawn.backoff = { min = '1m' }",
       "3:27: group.web.respawn.backoff.min: backoff goes from min 1m up to max 30s: min must not "
       "be above max"},
      {"respawn.backoff = { max = '1ms' }",
       "3:27: group.web.respawn.backoff.max: backoff goes from min 100ms up to max 1ms: min must "
       "not be above max"},
      {"respawn.backoff.factor = 0.5",
       "3:26: group.web.respawn.backoff.factor: expected a number from 1 to 1000, found 0.5"},
      {"respawn.backoff.factor = nan",
       "3:26: group.web.respawn.backoff.factor: expected a number, found the number nan"},
      {"respawn.backoff.jitter = 2",
       "3:26: group.web.respawn.backoff.jitter: expected a number from 0 to 1, found 2"},
      {"respawn.success = [256]",
       "3:20: group.web.respawn.success: expected a whole number from 0 to 255, found the number "
       "256"},
      {"log.max_size = '50MB'",
       R"(3:16: group.web.log.max_size: "50MB" is not a size: units are powers of 1024, write "50MiB")"},
      {"log.max_size = 10",
       "3:16: group.web.log.max_size: 10B is too small: at least 1KiB, or 0 to never rotate"},
      {"log.format = 'xml'",
       R"(3:14: group.web.log.format: expected "cri", "raw" or "json", found "xml")"},
  });
}

TEST_CASE("limits that nobody, or not this superd, can set are errors", "[config]") {
  check_group({
      {"limits.nofile = [10, 5]",
       "3:17: group.web.limits.nofile: the soft limit 10 is above the hard limit 5: write [5, 10]"},
      {"limits.nofile = 'unlimited'",
       "3:17: group.web.limits.nofile: unlimited is more than the kernel allows anybody (1048576, "
       "fs.nr_open)"},
      {"limits.nofile = [1, 2, 3]",
       R"(3:17: group.web.limits.nofile: expected a number, "unlimited" or [soft, hard], found an array of 3)"},
      {"limits.nproc = -1",
       R"(3:16: group.web.limits.nproc: expected a number, "unlimited" or [soft, hard], found the number -1)"},
      {"limits.as = '1GB'",
       R"(3:13: group.web.limits.as: "1GB" is not a size: units are powers of 1024, write "1GiB")"},
      {"limits.nice = -21",
       "3:15: group.web.limits.nice: expected a whole number from -20 to 19, found the number -21"},
      {"limits.cpus = '0-9'",
       "3:15: group.web.limits.cpus: there is no processor 4: this machine has 4 of them, the last "
       "one is 3"},
      {"limits.cpus = 'x'",
       R"(3:15: group.web.limits.cpus: expected a list of processors such as "0-3,5", found the string "x")"},
  });
  check_group(
      {{"limits.nofile = 65536",
        "3:17: group.web.limits.nofile: 65536 is above superd's own hard limit 4096: only root can "
        "raise it, ask for 4096 at most"},
       {"limits.core = 'unlimited'",
        "3:15: group.web.limits.core: unlimited is above superd's own hard limit 4096: only root "
        "can raise it, ask for 4096 at most"},
       {"limits.nice = -1",
        "3:15: group.web.limits.nice: superd has no right to go below 0: only root can"},
       {"limits.oom_score_adj = -1",
        "3:24: group.web.limits.oom_score_adj: superd has no right to go below 0: only root can"}},
      user_machine());
}

TEST_CASE("what is wrong in [superd] is an error", "[config]") {
  check_rows(
      {{"control_mode = 660",
        R"(2:16: superd.control_mode: expected octal permissions in a string such as "0660", found the number 660: write it in quotes)"},
       {"worker_socket = true",
        "2:17: superd.worker_socket: expected a path or false, found true: it is on by default"},
       {"worker_socket = 1",
        "2:17: superd.worker_socket: expected a path or false, found the number 1"},
       {"control = '/c'\nworker_socket = '/c'",
        "3:17: superd.worker_socket: the control socket has the same path: workers need one of "
        "their own"},
       {"max_starting = -1",
        "2:16: superd.max_starting: expected a whole number from 0 to 10000, found the number -1"},
       {"log_level = 'verbose'",
        R"(2:13: superd.log_level: expected "error", "warn", "info" or "debug", found "verbose")"},
       {"control_owner = ':ops'",
        R"(2:17: superd.control_owner: expected an owner such as "deploy" or "deploy:www-data", found the string ":ops")"},
       {"control_owner = 'deploy:nobody-here'",
        R"(2:17: superd.control_owner: there is no group "nobody-here" on this machine)"}},
      "[superd]\n", root_machine());
  const auto errors = errors_of("[superd]\nruntime_dir = '/" + std::string(80, 'x') + "'\n");
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors[0], Catch::Matchers::Contains("75 at most leave room"));
}

TEST_CASE("all errors of a file are reported at once", "[config]") {
  const auto errors = errors_of(R"([superd]
log_level = "loud"
[group.web]
workers = 0
foo = 1
[group.api]
command = ["x"]
user = "nobody-here"
stop.signal = "NOPE"
)");
  CHECK(errors.size() == 6);
}
