#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/placeholders.h"

using namespace superd::core;

namespace {

const PlaceholderValues kValues{.group = "web",
                                .worker = 2,
                                .generation = 7,
                                .port = 9001,
                                .fd_names = {"http", "admin"},
                                .addresses = {{.name = "http", .address = "127.0.0.1:8000"},
                                              {.name = "admin", .address = "/run/admin.sock"}}};

const PlaceholderScope kScope{
    .allowed = {Placeholder::group, Placeholder::worker, Placeholder::generation, Placeholder::fd,
                Placeholder::port, Placeholder::addr},
    .fd_names = {"http", "admin"},
    .addr_names = {"http", "admin"}};

std::string problem(const std::string& text, const PlaceholderScope& scope = kScope) {
  const auto status = check_placeholders(text, scope);
  return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("placeholders are replaced by what is true of this worker", "[core]") {
  const struct {
    std::string text;
    std::string expanded;
  } rows[] = {
      {"", ""},
      {"plain $HOME", "plain $HOME"},
      {"{group}.{worker}", "web.2"},
      {"g{generation}", "g7"},
      {"fd://{fd:http} fd://{fd:admin}", "fd://3 fd://4"},
      {"127.0.0.1:{port}", "127.0.0.1:9001"},
      {"http://{addr:http}/ {addr:admin}", "http://127.0.0.1:8000/ /run/admin.sock"},
      {"{{group}} {{}} }}{{", "{group} {} }{"},
      {R"({{"a": {{"b": {worker}}}}})", R"({"a": {"b": 2}})"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(problem(row.text).empty());
    CHECK(expand_placeholders(row.text, kValues) == row.expanded);
  }
}

TEST_CASE("an unknown placeholder and a lone brace are errors with the remedy", "[core]") {
  CHECK(problem("{foo}") == R"(unknown placeholder "{foo}" (write {{ and }} for braces))");
  CHECK(problem("{wroker}") ==
        R"(unknown placeholder "{wroker}", did you mean "worker"? (write {{ and }} for braces))");
  CHECK(problem("{addres:probe}").find("unknown placeholder") == 0);
  CHECK(problem("{worker:1}").find("unknown placeholder") == 0);
  CHECK(problem("{}").find("unknown placeholder") == 0);
  CHECK(problem("{fd}") == "{fd} needs the name of a socket: write {fd:NAME}");
  CHECK(problem("{addr}") == "{addr} needs the name of a socket: write {addr:NAME}");
  CHECK(problem("a{b") == "a lone '{': write {{ for a brace");
  CHECK(problem("{a{worker}") == "a lone '{': write {{ for a brace");
  CHECK(problem("a}b") == "a lone '}': write }} for a brace");
  CHECK(problem("{group}}") == "a lone '}': write }} for a brace");
  CHECK(problem("{") == "a lone '{': write {{ for a brace");
}

TEST_CASE("{fd:NAME} names one of the group's sockets", "[core]") {
  CHECK(problem("{fd:htp}") == R"({fd:htp} names no socket of the group, did you mean "http"?)");
  CHECK(problem("{fd:metrics}") == "{fd:metrics} names no socket of the group: it has http, admin");
  CHECK(problem("{fd:http}", {.allowed = {Placeholder::fd}, .fd_names = {}}) ==
        "{fd:http} names a socket, but the group has no `listen`");
}

TEST_CASE("{addr:NAME} names one of those sockets whose address is known", "[core]") {
  CHECK(problem("{addr:htp}") ==
        R"({addr:htp} names no socket of the group, did you mean "http"?)");
  CHECK(problem("{addr:admin}", {.allowed = {Placeholder::addr},
                                 .fd_names = {"http", "admin"},
                                 .addr_names = {"http"}}) ==
        "{addr:admin} names no socket of the group: it has http");
  CHECK(fd_names("{addr:http}").empty());
  CHECK(addr_names("{addr:http} {fd:admin}") == std::vector<std::string>{"http"});
}

TEST_CASE("a placeholder outside its scope is refused", "[core]") {
  CHECK(problem("{worker}", {.allowed = {Placeholder::group}, .fd_names = {}}) ==
        "{worker} cannot be used here");
  PlaceholderValues without_port = kValues;
  without_port.port.reset();
  CHECK(expand_placeholders("{port}", without_port).error().message == "{port} needs `port_base`");
}

TEST_CASE("escaped text expands to itself", "[core]") {
  const std::string text = "/srv/{web}/}x{";
  CHECK(expand_placeholders(escape_placeholders(text), kValues) == text);
}
