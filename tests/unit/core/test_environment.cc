#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/environment.h"

using namespace superd::core;
using Lines = std::vector<std::string>;
using Entries = std::vector<EnvEntry>;

namespace {

EnvironmentInput plain() {
  EnvironmentInput input;
  input.inherited = {{"PATH", "/bin"}, {"HOME", "/root"}, {"USER", "root"}, {"X", "1"}};
  input.group = "web";
  input.worker = 2;
  input.generation = 7;
  return input;
}

std::string value_in(const Lines& lines, const std::string& name) {
  for (const auto& line : lines) {
    if (line.rfind(name + "=", 0) == 0) return line.substr(name.size() + 1);
  }
  return "(none)";
}

std::string bad(const std::string& text) {
  const auto entries = parse_env_file(text);
  return entries ? "" : entries.error().message;
}

}  // namespace

TEST_CASE("a worker inherits superd's environment and is told who it is", "[core]") {
  EnvironmentInput input = plain();
  input.worker_socket = "/run/superd/worker.sock";
  input.notify_socket = "/run/superd/notify/12";
  CHECK(worker_environment(input) ==
        Lines{"PATH=/bin", "HOME=/root", "USER=root", "X=1",
              "SUPERD_SOCKET=/run/superd/worker.sock", "SUPERD_GROUP=web", "SUPERD_WORKER=web.2",
              "SUPERD_GENERATION=7", "NOTIFY_SOCKET=/run/superd/notify/12"});
}

TEST_CASE("nothing of superd's own service manager reaches a worker", "[core]") {
  EnvironmentInput input = plain();
  input.inherited = {{"PATH", "/bin"},          {"NOTIFY_SOCKET", "/run/systemd/notify"},
                     {"LISTEN_FDS", "2"},       {"LISTEN_PID", "1"},
                     {"LISTEN_FDNAMES", "a:b"}, {"WATCHDOG_USEC", "1"},
                     {"WATCHDOG_PID", "1"},     {"MAINPID", "1"},
                     {"INVOCATION_ID", "x"},    {"JOURNAL_STREAM", "8:1"},
                     {"SUPERD_CONFIG", "/x"},   {"SUPERD_SOCKET", "/y"},
                     {"SYSTEMD_EXEC_PID", "1"}, {"MEMORY_PRESSURE_WATCH", "/z"}};
  CHECK(worker_environment(input) ==
        Lines{"PATH=/bin", "SUPERD_GROUP=web", "SUPERD_WORKER=web.2", "SUPERD_GENERATION=7"});
}

TEST_CASE("env replaces env_file, which replaces what is inherited", "[core]") {
  EnvironmentInput input = plain();
  input.env_file = {{"X", "file"}, {"Y", "file"}, {"Z", "file"}};
  input.env = {{"Y", "env"}};
  const Lines lines = worker_environment(input);
  CHECK(value_in(lines, "X") == "file");
  CHECK(value_in(lines, "Y") == "env");
  CHECK(value_in(lines, "Z") == "file");
}

TEST_CASE("what superd sets cannot be set by env or env_file", "[core]") {
  EnvironmentInput input = plain();
  input.env_file = {{"SUPERD_WORKER", "db.1"}, {"NOTIFY_SOCKET", "/x"}};
  input.env = {{"LISTEN_FDS", "9"}};
  const Lines lines = worker_environment(input);
  CHECK(value_in(lines, "SUPERD_WORKER") == "web.2");
  CHECK(value_in(lines, "NOTIFY_SOCKET") == "(none)");
  CHECK(value_in(lines, "LISTEN_FDS") == "(none)");
}

TEST_CASE("clear_env starts from PATH, HOME, USER and LANG alone", "[core]") {
  EnvironmentInput input = plain();
  input.inherited.push_back({"LANG", "C.UTF-8"});
  input.inherited.push_back({"LC_ALL", "C"});
  input.clear_env = true;
  CHECK(worker_environment(input) == Lines{"PATH=/bin", "HOME=/root", "USER=root", "LANG=C.UTF-8",
                                           "SUPERD_GROUP=web", "SUPERD_WORKER=web.2",
                                           "SUPERD_GENERATION=7"});
}

TEST_CASE("HOME, USER, LOGNAME and SHELL follow the group's user", "[core]") {
  EnvironmentInput input = plain();
  input.account = {.name = "www-data", .home = "/var/www", .shell = "/bin/sh"};
  const Lines lines = worker_environment(input);
  CHECK(value_in(lines, "HOME") == "/var/www");
  CHECK(value_in(lines, "USER") == "www-data");
  CHECK(value_in(lines, "LOGNAME") == "www-data");
  CHECK(value_in(lines, "SHELL") == "/bin/sh");
  input.clear_env = true;
  CHECK(value_in(worker_environment(input), "USER") == "www-data");
  CHECK(value_in(worker_environment(input), "SHELL") == "(none)");
}

TEST_CASE("a worker has a PATH even where superd was started without one", "[core]") {
  EnvironmentInput input = plain();
  input.inherited.clear();
  CHECK(value_in(worker_environment(input), "PATH").find("/usr/bin") != std::string::npos);
}

TEST_CASE("LISTEN_* name the group's sockets in order; the child puts its pid in", "[core]") {
  EnvironmentInput input = plain();
  input.listen_names = {"socket", "admin"};
  const Lines lines = worker_environment(input);
  CHECK(value_in(lines, "LISTEN_FDS") == "2");
  CHECK(value_in(lines, "LISTEN_FDNAMES") == "socket:admin");
  CHECK(std::count(lines.begin(), lines.end(), "LISTEN_PID=") == 1);
}

TEST_CASE("a command that names a descriptor is not told of LISTEN_FDS as well", "[core]") {
  const Lines naming[] = {{"gunicorn", "--bind", "fd://3"},
                          {"uvicorn", "--fd", "3"},
                          {"uvicorn", "--fd=3"},
                          {"x", "-fd", "3"},
                          {"uwsgi", "--socket=fd://{fd:http}"},
                          {"daphne", "-e", "fd:fileno=3"},
                          {"x", "{fd:http}"}};
  for (const Lines& command : naming) {
    CAPTURE(command);
    CHECK(names_descriptor(command));
  }
  const Lines silent[] = {{"gunicorn", "app:app"}, {"x", "--fdx"},       {"x", "fd://"},
                          {"x", "fd://http"},      {"x", "{{fd:http}}"}, {"x", "sfd"}};
  for (const Lines& command : silent) {
    CAPTURE(command);
    CHECK_FALSE(names_descriptor(command));
  }
}

TEST_CASE("socket_env decides whether LISTEN_FDS is set; a group without sockets has none",
          "[core]") {
  GroupSpec group;
  group.command = {"gunicorn", "app:app"};
  CHECK_FALSE(sets_listen_fds(group));
  group.listen.emplace_back();
  CHECK(sets_listen_fds(group));
  group.command = {"gunicorn", "--bind", "fd://3"};
  CHECK_FALSE(sets_listen_fds(group));
  group.socket_env = SocketEnv::listen_fds;
  CHECK(sets_listen_fds(group));
  group.command = {"gunicorn", "app:app"};
  group.socket_env = SocketEnv::none;
  CHECK_FALSE(sets_listen_fds(group));
  // The descriptor for readiness is no socket; a socket of that name is one.
  group.command = {"app", "{fd:ready}"};
  group.socket_env = SocketEnv::automatic;
  CHECK_FALSE(sets_listen_fds(group));
  group.ready.when = ReadyWhen::fd;
  CHECK(sets_listen_fds(group));
}

TEST_CASE("an env_file holds NAME=VALUE lines, comments and quotes", "[core]") {
  const std::string text =
      "\xEF\xBB\xBF# settings\r\n"
      "\n"
      "A=1\r\n"
      "  export B = two words  # remark\n"
      "C=\n"
      "D='single $HOME \\n'   # remark\n"
      "E=\"a\\tb\\n\\\"q\\\" \\\\ \\$x \\y\"\n"
      "F=a#b=c\n"
      "G='two\nlines'\n"
      "exportH=8\n"
      "I= # empty\n"
      "J=\"\"";
  const auto entries = parse_env_file(text);
  REQUIRE(entries);
  CHECK(*entries == Entries{{"A", "1"},
                            {"B", "two words"},
                            {"C", ""},
                            {"D", "single $HOME \\n"},
                            {"E", "a\tb\n\"q\" \\ $x \\y"},
                            {"F", "a#b=c"},
                            {"G", "two\nlines"},
                            {"exportH", "8"},
                            {"I", ""},
                            {"J", ""}});
  CHECK(parse_env_file("")->empty());
  CHECK(parse_env_file("# nothing")->empty());
}

TEST_CASE("a bad line of an env_file is named by its number", "[core]") {
  CHECK(bad("A=1\n\nnonsense here\n") == "line 3: expected NAME=VALUE, found \"nonsense here\"");
  CHECK(bad("1A=1") ==
        "line 1: \"1A\" is no name of a variable: letters, digits and _, no digit first");
  CHECK(bad("A-B=1").find("line 1: \"A-B\" is no name") == 0);
  CHECK(bad("=1").find("line 1: \"\" is no name") == 0);
  CHECK(bad("A='x\ny\nz") == "line 1: a quote (') is opened and never closed");
  CHECK(bad("G='a\nb'\nA=\"x\" y") == "line 3: unexpected \"y\" behind the closing quote");
  CHECK(bad(std::string("A=x\0y", 5)) == "line 1: the value of A contains a NUL byte");
}
