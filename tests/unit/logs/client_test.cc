#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "logs/logger_client.h"
#include "loop/channel.h"

using namespace superd;
using namespace superd::logs;
using namespace std::chrono_literals;

namespace {

// A logger that writes down what it is asked, and answers when the test wants it to.
struct FakeLogger {
  std::vector<Request> requests;
  std::size_t fds = 0;
  std::unique_ptr<loop::Channel> channel;
  UniqueFd client_end;

  explicit FakeLogger(loop::Loop& loop) {
    std::array<int, 2> pair{};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
    client_end.reset(pair[0]);
    listen(loop, UniqueFd(pair[1]));
  }
  void listen(loop::Loop& loop, UniqueFd socket) {
    auto made =
        loop::Channel::create(loop, std::move(socket),
                              {.on_message =
                                   [this](std::string_view text, std::vector<UniqueFd>& with) {
                                     Result<Request> request = decode_request(text);
                                     REQUIRE(request);
                                     requests.push_back(std::move(*request));
                                     fds += with.size();
                                   },
                               .on_closed = [] {}},
                              {});
    REQUIRE(made);
    channel = std::move(*made);
  }
  void answer(const Answer& answer) const {
    for (std::string& message : encode(answer)) REQUIRE(channel->send(std::move(message)));
  }
  template <class T>
  [[nodiscard]] std::optional<T> last() const {
    for (auto at = requests.rbegin(); at != requests.rend(); ++at) {
      if (const T* request = std::get_if<T>(&*at)) return *request;
    }
    return std::nullopt;
  }
};

template <class T>
std::ptrdiff_t count(const std::vector<Request>& requests) {
  return std::count_if(requests.begin(), requests.end(),
                       [](const Request& request) { return std::holds_alternative<T>(request); });
}

// As where duplicate() found no descriptor.
std::vector<UniqueFd> no_descriptor() {
  std::vector<UniqueFd> fds;
  fds.emplace_back();
  return fds;
}

struct Fixture {
  loop::Loop loop = std::move(*loop::Loop::create());
  std::vector<std::vector<core::SpawnId>> told;
  std::optional<LoggerClient> client;

  explicit Fixture(loop::Duration timeout = 1h) {
    client.emplace(
        loop, LoggerClient::Options{.timeout = timeout, .on_captures = [this](const auto& spawns) {
                                      told.push_back(spawns);
                                    }});
  }
  bool until(const std::function<bool()>& condition) { return loop::run_until(loop, condition); }
  // The end of one that does not read.
  [[nodiscard]] UniqueFd stuck_logger() {
    std::array<int, 2> pair{};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
    client->set_channel(UniqueFd(pair[0]));
    return UniqueFd(pair[1]);
  }
  // More than socket and queue take.
  void ask_for_too_much() {
    const Capture capture{
        .spawn = core::SpawnId{1}, .worker = std::string(50'000, 'x'), .path = "/x"};
    for (int i = 0; i < 400; ++i) client->capture(capture, {});
  }
};

struct Answered {
  int times = 0;
  std::optional<std::vector<Line>> lines;

  LoggerClient::LinesCallback callback() {
    return [this](std::optional<std::vector<Line>> got) {
      ++times;
      lines = std::move(got);
    };
  }
};

}  // namespace

TEST_CASE("logger client: a new channel begins with what the logger captures", "[logs]") {
  Fixture f;
  CHECK_FALSE(f.client->connected());
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  CHECK(f.client->connected());
  REQUIRE(f.until([&] { return logger.last<Hello>().has_value(); }));
  Captures captures{.request = logger.last<Hello>()->request};
  for (std::uint64_t i = 0; i < 3000; ++i) captures.spawns.push_back(core::SpawnId{i});
  logger.answer(captures);
  REQUIRE(f.until([&] { return !f.told.empty(); }));
  REQUIRE(f.told.size() == 1);
  CHECK(f.told[0] == captures.spawns);
}

TEST_CASE("logger client: one that has no channel for a second says so", "[logs]") {
  Fixture f;
  int told = 0;
  f.client.emplace(f.loop, LoggerClient::Options{.on_alone = [&told] { ++told; }});
  REQUIRE(f.until([&] { return told == 1; }));
  {
    FakeLogger logger(f.loop);
    f.client->set_channel(std::move(logger.client_end));
    REQUIRE(f.until([&] { return logger.last<Hello>().has_value(); }));
    CHECK(told == 1);
  }
  // The logger has gone.
  REQUIRE(f.until([&] { return told == 2; }));
}

TEST_CASE("logger client: orders and questions arrive, answers come back whole", "[logs]") {
  Fixture f;
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  std::array<int, 2> pipe{};
  REQUIRE(pipe2(pipe.data(), O_CLOEXEC) == 0);
  const UniqueFd write_end(pipe[1]);
  std::vector<UniqueFd> fds;
  fds.emplace_back(pipe[0]);
  f.client->capture({.spawn = core::SpawnId{5}, .worker = "web.1", .path = "/x"}, std::move(fds));
  f.client->finish(core::SpawnId{4});
  Answered tail;
  f.client->tail(core::SpawnId{5}, 20, tail.callback());
  REQUIRE(f.until([&] { return logger.last<Tail>().has_value(); }));
  CHECK(logger.last<Capture>()->worker == "web.1");
  CHECK(logger.fds == 1);
  CHECK(logger.last<Finish>()->spawn == core::SpawnId{4});
  Lines lines{.request = logger.last<Tail>()->request};
  for (int i = 0; i < 100; ++i)
    lines.lines.push_back({.worker = "web.1", .text = std::string(20'000, 'x')});
  logger.answer(lines);
  REQUIRE(f.until([&] { return tail.times > 0; }));
  REQUIRE(tail.lines);
  REQUIRE(tail.lines->size() == 100);
  CHECK(tail.lines->at(99).text.size() == 20'000);
  CHECK(tail.times == 1);
}

TEST_CASE("logger client: without a logger a question gets no answer, later", "[logs]") {
  Fixture f;
  Answered answered;
  f.client->tail(core::SpawnId{5}, 20, answered.callback());
  CHECK(answered.times == 0);
  f.client->finish(core::SpawnId{4});
  f.loop.run();
  CHECK(answered.times == 1);
  CHECK_FALSE(answered.lines);
}

TEST_CASE("logger client: a logger that does not answer in time is waited for no longer",
          "[logs]") {
  Fixture f(5ms);
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  Answered answered;
  f.client->sync(answered.callback());
  REQUIRE(f.until([&] { return answered.times > 0; }));
  CHECK_FALSE(answered.lines);
  // An answer that comes too late is nobody's.
  REQUIRE(f.until([&] { return logger.last<Sync>().has_value(); }));
  logger.answer(Lines{.request = logger.last<Sync>()->request});
  Answered next;
  f.client->sync(next.callback());
  REQUIRE(f.until([&] { return next.times > 0; }));
  CHECK(answered.times == 1);
}

TEST_CASE("logger client: when the logger dies, questions end and a new channel is used",
          "[logs]") {
  Fixture f;
  FakeLogger first(f.loop);
  f.client->set_channel(std::move(first.client_end));
  Answered answered;
  f.client->read({{.worker = "web.1", .path = "/x"}}, 10, Stream::both, answered.callback());
  REQUIRE(f.until([&] { return first.last<Read>().has_value(); }));
  first.channel.reset();
  REQUIRE(f.until([&] { return answered.times > 0; }));
  CHECK_FALSE(answered.lines);
  CHECK_FALSE(f.client->connected());

  FakeLogger second(f.loop);
  f.client->set_channel(std::move(second.client_end));
  REQUIRE(f.until([&] { return second.last<Hello>().has_value(); }));
  second.answer(Captures{.request = second.last<Hello>()->request});
  REQUIRE(f.until([&] { return f.told.size() == 1; }));
  CHECK(f.told[0].empty());
}

TEST_CASE("logger client: orders that a stuck logger could not take are caught up with", "[logs]") {
  Fixture f;
  UniqueFd logger_end = f.stuck_logger();
  f.ask_for_too_much();
  FakeLogger logger(f.loop);
  logger.requests.clear();
  logger.listen(f.loop, std::move(logger_end));
  REQUIRE(f.until([&] { return count<Hello>(logger.requests) == 2; }));
  CHECK(logger.requests.size() < 400);
  // The last word is the comparison.
  CHECK(std::holds_alternative<Hello>(logger.requests.back()));
}

TEST_CASE("logger client: a capture that could not be sent is caught up with within a second",
          "[logs]") {
  Fixture f;
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  REQUIRE(f.until([&] { return logger.last<Hello>().has_value(); }));
  logger.answer(Captures{.request = logger.last<Hello>()->request});
  REQUIRE(f.until([&] { return f.told.size() == 1; }));
  const loop::TimePoint lost = loop::now();
  f.client->capture({.spawn = core::SpawnId{1}, .worker = "web.1", .path = "/x"}, no_descriptor());
  REQUIRE(f.until([&] { return count<Hello>(logger.requests) == 2; }));
  CHECK(loop::now() - lost < 2s);
  CHECK(count<Capture>(logger.requests) == 0);
  logger.answer(Captures{.request = logger.last<Hello>()->request});
  REQUIRE(f.until([&] { return f.told.size() == 2; }));
  // It is not sent for nothing again and again.
  const loop::TimePoint caught_up = loop::now();
  REQUIRE(f.until([&] { return loop::now() - caught_up > 1500ms; }));
  CHECK(count<Hello>(logger.requests) == 2);
}

TEST_CASE("logger client: nor is a capture forgotten that could not be sent behind others",
          "[logs]") {
  Fixture f;
  UniqueFd logger_end = f.stuck_logger();
  Capture capture{.spawn = core::SpawnId{1}, .worker = std::string(50'000, 'x'), .path = "/x"};
  for (int i = 0; i < 20; ++i) f.client->capture(capture, {});
  capture.worker = "lost";
  bool kept = true;
  SECTION("because a descriptor is missing") {
    f.client->capture(capture, no_descriptor());
    kept = false;
  }
  SECTION("because the kernel refused it when its turn came") {
    // One that nobody takes once it is closed.
    const int number = fcntl(0, F_DUPFD_CLOEXEC, 500);
    std::vector<UniqueFd> fds;
    fds.emplace_back(number);
    f.client->capture(capture, std::move(fds));
    REQUIRE(::close(number) == 0);
    kept = false;
  }
  SECTION("but one that was sent is not sent again") { f.client->capture(capture, {}); }
  FakeLogger logger(f.loop);
  logger.requests.clear();
  logger.listen(f.loop, std::move(logger_end));
  REQUIRE(f.until([&] { return count<Capture>(logger.requests) == (kept ? 21 : 20); }));
  const loop::TimePoint all = loop::now();
  REQUIRE(f.until([&] { return loop::now() - all > 1500ms; }));
  CHECK(count<Hello>(logger.requests) == (kept ? 1 : 2));
}

TEST_CASE("logger client: for a logger that takes nothing for long the comparison waits",
          "[logs]") {
  Fixture f;
  UniqueFd logger_end = f.stuck_logger();
  f.ask_for_too_much();
  const loop::TimePoint full = loop::now();
  REQUIRE(f.until([&] { return loop::now() - full > 2500ms; }));
  FakeLogger logger(f.loop);
  logger.listen(f.loop, std::move(logger_end));
  REQUIRE(f.until([&] { return !logger.requests.empty() && count<Hello>(logger.requests) > 1; }));
  const loop::TimePoint heard = loop::now();
  REQUIRE(f.until([&] { return loop::now() - heard > 1500ms; }));
  CHECK(count<Hello>(logger.requests) < 4);
  CHECK(std::holds_alternative<Hello>(logger.requests.back()));
}

TEST_CASE("logger client: what can never be said is not tried again", "[logs]") {
  Fixture f;
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  f.client->capture(
      {.spawn = core::SpawnId{1}, .worker = "web.1", .path = std::string(kMaxMessage, 'x')}, {});
  const loop::TimePoint refused = loop::now();
  REQUIRE(f.until([&] { return loop::now() - refused > 1500ms; }));
  CHECK(count<Hello>(logger.requests) == 1);
}

TEST_CASE("logger client: a logger that missed something is asked what it captures", "[logs]") {
  Fixture f;
  FakeLogger logger(f.loop);
  f.client->set_channel(std::move(logger.client_end));
  REQUIRE(f.until([&] { return logger.last<Hello>().has_value(); }));
  logger.answer(Missed{});
  REQUIRE(f.until([&] { return count<Hello>(logger.requests) == 2; }));
}
