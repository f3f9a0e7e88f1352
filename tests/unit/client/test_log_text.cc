#include <catch2/catch.hpp>

#include "log_text.h"

namespace superd::superctl {

TEST_CASE("logs: lines come as one JSON object a line", "[superctl]") {
  const auto lines = read_log_lines("{\"worker\":\"web.1\",\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  REQUIRE(lines);
  REQUIRE(lines->size() == 2);
  CHECK(lines->front().worker == "web.1");
  CHECK(lines->back().text == "b");
  CHECK(read_log_lines("")->empty());
  CHECK_FALSE(read_log_lines("{\"text\":\"a\"}\n{\"te"));
}

TEST_CASE("logs: the lines of several logs are put in the order of their times", "[superctl]") {
  std::vector<wire::LogLine> lines = {{"2026-01-01T00:00:02Z", "a.1", "stdout", "2"},
                                      {"2026-01-01T00:00:03Z", "a.1", "stdout", "3"},
                                      {"2026-01-01T00:00:01Z", "b.1", "stdout", "1"}};
  sort_log_lines(lines);
  CHECK(lines[0].text == "1");
  CHECK(lines[2].text == "3");
}

TEST_CASE("logs: lines without a time stay where they were", "[superctl]") {
  std::vector<wire::LogLine> lines = {{"2026-01-01T00:00:02Z", "a.1", "", "x"},
                                      {"", "b.1", "", "y"}};
  sort_log_lines(lines);
  CHECK(lines[0].text == "x");
  CHECK(lines[1].text == "y");
}

TEST_CASE("logs: a line names its worker where there are several", "[superctl]") {
  const wire::LogLine line{"", "web.1", "stdout", "hello"};
  CHECK(log_text(line, {.prefix = Prefix::worker, .raw = Raw::no}) == "web.1 | hello");
  CHECK(log_text(line, {.prefix = Prefix::none, .raw = Raw::no}) == "hello");
}

TEST_CASE("logs -t: the time is in front, and a dash where there is none", "[superctl]") {
  const LogText how{.prefix = Prefix::worker, .time = LogText::Time::shown};
  CHECK(log_text({.time = "T", .worker = "web.1", .text = "hello"}, how) == "T web.1 | hello");
  CHECK(log_text({.worker = "web.1", .text = "hello"}, how) == "- web.1 | hello");
}

TEST_CASE("logs -f: starts and ends are told apart from lines, and name their worker",
          "[superctl]") {
  const wire::LogLine ended{
      .worker = "web.1", .text = "process 7 exited with status 3", .event = "worker.exited"};
  CHECK(log_text(ended, {}) == "-- web.1: process 7 exited with status 3");
  CHECK(log_text(ended, {.prefix = Prefix::worker}) == "web.1 | -- process 7 exited with status 3");
}

TEST_CASE("logs: on a terminal each worker has its colour, and its neighbour another",
          "[superctl]") {
  const LogText how{.prefix = Prefix::worker, .colour = client::Colour::on};
  const std::string one = log_text({.worker = "web.1", .text = "x"}, how);
  const std::string two = log_text({.worker = "web.2", .text = "x"}, how);
  CHECK(one.starts_with("\x1b["));
  CHECK(one.ends_with("web.1 |\x1b[0m x"));
  CHECK(one.substr(0, 5) != two.substr(0, 5));
  CHECK(one == log_text({.worker = "web.1", .text = "x"}, how));
}

TEST_CASE("logs: control characters reach a file and never a terminal", "[superctl]") {
  const wire::LogLine line{"", "web.1", "stdout", "\x1b[31mred\tx"};
  CHECK(log_text(line, {.prefix = Prefix::none, .raw = Raw::no}) == "\\x1b[31mred\tx");
  CHECK(log_text(line, {.prefix = Prefix::none, .raw = Raw::yes}) == "\x1b[31mred\tx");
}

}  // namespace superd::superctl
