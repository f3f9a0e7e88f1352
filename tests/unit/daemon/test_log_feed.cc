#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/text.h"
#include "daemon/log_feed.h"
#include "http_fixture.h"
#include "wire/json.h"

namespace superd::daemon::test {
namespace {

std::vector<wire::LogLine> views_of(const std::string& received) {
  const auto head = received.find("\r\n\r\n");
  std::vector<wire::LogLine> views;
  if (head == std::string::npos) return views;
  for (const std::string& line : split(received.substr(head + 4), '\n')) {
    if (auto view = wire::from_text<wire::LogLine>(line)) views.push_back(*view);
  }
  return views;
}

logs::Line log_line(const std::string& worker, const std::string& time, const std::string& text,
                    std::uint64_t offset) {
  return {.worker = worker,
          .time = time,
          .stream = logs::Stream::out,
          .text = text,
          .place = logs::Place{.file = 7, .offset = offset}};
}

logs::Line end_note(const std::string& worker, std::uint64_t offset,
                    logs::Note note = logs::Note::reached) {
  return {.worker = worker, .place = logs::Place{.file = 7, .offset = offset}, .note = note};
}

// A feed whose logger answers what the test puts there.
struct Telling {
  using OnLines = std::function<void(std::optional<std::vector<logs::Line>>)>;
  struct Question {
    LogFeed::Sources sources;
    OnLines on_lines;
  };

  Telling()
      : history("/proc/no-such-directory/events"),
        feed(under.loop, {.history = history,
                          .read_on =
                              [this](LogFeed::Sources sources, logs::Stream, OnLines on_lines) {
                                asked.push_back({std::move(sources), std::move(on_lines)});
                              },
                          .sources = [this](const std::string&) { return present; },
                          .now = [this] { return now; }}) {}

  Client follower(LogFeed::Wish wish) {
    Client client = under.connect();
    client.send(get("/wait"));
    REQUIRE(under.run_until([&] { return !under.owed.empty(); }));
    feed.follow(std::move(wish), std::move(under.owed.back()));
    under.owed.clear();
    return client;
  }
  // Waits for a question and answers it.
  LogFeed::Sources answer(std::optional<std::vector<logs::Line>> lines) {
    REQUIRE(under.run_until([&] { return !asked.empty(); }));
    Question question = std::move(asked.front());
    asked.erase(asked.begin());
    question.on_lines(std::move(lines));
    return question.sources;
  }
  void happens(const std::string& event, const std::string& time) {
    wire::OccurrenceView view;
    view.id = history.last_id() + 1;
    view.time = time;
    view.event = event;
    view.group = "web";
    view.worker = "web.1";
    view.pid = 4711;
    history.add(view);
  }

  ServerUnderTest under;
  EventHistory history;
  std::optional<LogFeed::Sources> present = LogFeed::Sources{{.worker = "web.1", .path = "/1"}};
  std::string now = "2026-11-23T04:00:00.000000000Z";
  std::vector<Question> asked;
  LogFeed feed;
};

TEST_CASE("logs: a follower goes on from place to place, and lines have theirs", "[daemon]") {
  Telling f;
  Client client = f.follower({.group = "web", .lines = 5});
  const auto first = f.answer({{log_line("web.1", "t1", "one", 10), end_note("web.1", 10)}});
  CHECK(std::get<logs::LastLines>(first.at(0).from).lines == 5);
  REQUIRE(f.under.run_until([&] { return views_of(client.received()).size() == 2; }));
  const auto told = views_of(client.received());
  CHECK(told[0].text == "one");
  CHECK(told[0].place == "1-7-10");
  CHECK(told[1].event == "reached");
  const auto second = f.answer({{log_line("web.1", "t2", "two", 20), end_note("web.1", 20)}});
  CHECK(std::get<logs::Place>(second.at(0).from) == logs::Place{.file = 7, .offset = 10});
  REQUIRE(f.under.run_until([&] { return views_of(client.received()).size() == 3; }));
  CHECK(views_of(client.received())[2].text == "two");
}

TEST_CASE("logs: a logger that does not answer is asked again at the same place", "[daemon]") {
  Telling f;
  const Client client =
      f.follower({.group = "web", .after = {{"web.1", {.file = 7, .offset = 3}}}});
  const auto first = f.answer(std::nullopt);
  const auto second = f.answer(std::nullopt);
  CHECK(std::get<logs::Place>(first.at(0).from) == logs::Place{.file = 7, .offset = 3});
  CHECK(std::get<logs::Place>(second.at(0).from) == logs::Place{.file = 7, .offset = 3});
}

TEST_CASE("logs: a worker that comes later begins with what it wrote since", "[daemon]") {
  Telling f;
  const Client client = f.follower({.group = "web", .lines = 5});
  f.answer({{end_note("web.1", 0)}});
  f.present->push_back({.worker = "web.2", .path = "/2"});
  LogFeed::Sources later;
  while (later.size() < 2) later = f.answer({{end_note("web.1", 0)}});
  CHECK(std::get<logs::SinceTime>(later.at(1).from).time == f.now);
}

TEST_CASE("logs: starts and ends stand among the lines by time", "[daemon]") {
  Telling f;
  Client client = f.follower({.group = "web"});
  f.happens("worker.exited", "2026-11-23T04:00:01.500Z");
  f.happens("worker.backoff", "2026-11-23T04:00:01.600Z");
  f.answer({{log_line("web.1", "2026-11-23T04:00:01.400000000Z", "last words", 10),
             log_line("web.1", "2026-11-23T04:00:02.000000000Z", "first words", 20),
             end_note("web.1", 20)}});
  REQUIRE(f.under.run_until([&] { return views_of(client.received()).size() == 4; }));
  const auto told = views_of(client.received());
  CHECK(told[0].text == "last words");
  CHECK(told[1].text == "process 4711 exited");
  CHECK(told[1].place == "e-1");
  CHECK(told[2].text == "first words");
}

TEST_CASE("logs: an end is not told before lines that are still to be read", "[daemon]") {
  Telling f;
  Client client = f.follower({.group = "web"});
  f.happens("worker.exited", "2026-11-23T04:00:09.000Z");
  f.answer({{log_line("web.1", "2026-11-23T04:00:01.000000000Z", "one", 10),
             end_note("web.1", 10, logs::Note::more)}});
  f.answer(
      {{log_line("web.1", "2026-11-23T04:00:02.000000000Z", "two", 20), end_note("web.1", 20)}});
  REQUIRE(f.under.run_until([&] { return views_of(client.received()).size() == 4; }));
  CHECK(views_of(client.received())[2].event == "worker.exited");
}

TEST_CASE("logs: without follow the answer ends with the last line that is there", "[daemon]") {
  Telling f;
  Client client = f.follower(
      {.group = "web", .until = LogFeed::Until::now, .since = "2026-11-23T04:00:01.000000000Z"});
  f.answer({{log_line("web.1", "2026-11-23T04:00:00.900000000Z", "early", 10),
             log_line("web.1", "2026-11-23T04:00:01.100000000Z", "one", 20),
             end_note("web.1", 20, logs::Note::more)}});
  f.answer(
      {{log_line("web.1", "2026-11-23T04:00:01.200000000Z", "two", 30), end_note("web.1", 30)}});
  REQUIRE(f.under.run_until([&] { return client.closed(); }));
  const auto told = views_of(client.received());
  REQUIRE(told.size() == 3);
  CHECK(told[0].text == "one");
  CHECK(told[1].text == "two");
}

TEST_CASE("logs: a client that does not read on is asked for nothing more", "[daemon]") {
  Telling f;
  f.present->push_back({.worker = "web.2", .path = "/2"});
  Client client = f.follower({.group = "web", .worker = "web.1"});
  const std::string much(std::size_t{1} << 20, 'x');
  f.answer({{log_line("web.1", "t1", much, 10), end_note("web.1", 10)}});
  // Far longer than the time between two looks; another follower is served meanwhile.
  Client other = f.follower({.group = "web", .worker = "web.2"});
  for (int i = 0; i < 4; ++i) {
    const auto sources = f.answer({{log_line("web.2", "t1", "x", 10), end_note("web.2", 10)}});
    CHECK(sources.at(0).worker == "web.2");
  }
  REQUIRE(f.under.run_until([&] { return views_of(other.received()).size() >= 4; }));
  CHECK(f.feed.followers() == 2);
  client.close();
  CHECK(f.under.run_until([&] { return f.feed.followers() == 1; }));
}

TEST_CASE("logs: the answer ends when the group is no more, and when superd leaves", "[daemon]") {
  Telling f;
  Client gone = f.follower({.group = "web"});
  f.answer({{end_note("web.1", 0)}});
  f.present.reset();
  CHECK(f.under.run_until([&] { return gone.closed(); }));
  f.present.emplace();
  Client left = f.follower({.group = "web"});
  f.feed.end();
  CHECK(f.under.run_until([&] { return left.closed(); }));
}

}  // namespace
}  // namespace superd::daemon::test
