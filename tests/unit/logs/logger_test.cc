#include "logs/logger.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "keeper/channel.h"
#include "logs/logger_client.h"
#include "os/output_pipe.h"

using namespace superd;
using namespace superd::logs;

namespace {

struct Sockets {
  UniqueFd one;
  UniqueFd two;

  Sockets() {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) == 0);
    one.reset(fds[0]);
    two.reset(fds[1]);
  }
};

// A logger process, and this process in the place of its keeper.
class LoggerProcess {
 public:
  LoggerProcess() {
    Sockets pair;
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      pair.one.reset();
      // Nothing of this process but 0-2 and the link, as after an exec.
      const int link = dup2(pair.two.get(), 3);
      close_range(4, ~0U, 0);
      _exit(run_logger({.keeper_fd = link}));
    }
    keeper_.emplace(std::move(pair.one));
  }
  ~LoggerProcess() {
    if (pid_ > 0) kill();
  }
  LoggerProcess(const LoggerProcess&) = delete;
  LoggerProcess& operator=(const LoggerProcess&) = delete;

  // A fresh channel, as when one of the two has started; the supervisor's end.
  UniqueFd peer() {
    Sockets pair;
    auto fds = std::make_shared<std::vector<UniqueFd>>();
    fds->push_back(std::move(pair.two));
    REQUIRE(keeper_->send({.op = keeper::Op::peer, .fds = fds}));
    return std::move(pair.one);
  }
  // The keeper dies; the exit status of the logger.
  int leave() {
    keeper_.reset();
    return wait();
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }
  // It finds no descriptor beyond so many.
  void limit_descriptors(rlim_t most) const {
    rlimit limit{};
    REQUIRE(prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit) == 0);
    limit.rlim_cur = std::min(most, limit.rlim_max);
    REQUIRE(prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr) == 0);
  }

 private:
  int wait() {
    int status = 0;
    REQUIRE(waitpid(std::exchange(pid_, -1), &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  pid_t pid_ = -1;
  std::optional<keeper::Channel> keeper_;
};

struct Fixture {
  TempDir dir;
  std::string path = dir / "web.1.log";
  // Held here as the keeper holds them.
  os::OutputPipe out = std::move(*os::make_output_pipe());
  os::OutputPipe err = std::move(*os::make_output_pipe());
  loop::Loop loop = std::move(*loop::Loop::create());
  std::vector<core::SpawnId> told;
  int compared = 0;
  std::vector<core::SpawnId> matched;
  std::vector<core::SpawnId> finished;
  std::vector<Counted> counted;
  LoggerClient client{loop,
                      {.timeout = std::chrono::minutes(1),
                       .on_captures =
                           [this](const auto& spawns) {
                             told = spawns;
                             ++compared;
                           },
                       .on_matched = [this](core::SpawnId spawn) { matched.push_back(spawn); },
                       .on_finished = [this](core::SpawnId spawn) { finished.push_back(spawn); },
                       .on_counted = [this](const Counted& one) { counted.push_back(one); }}};

  void capture(const std::string& match = "") {
    std::vector<UniqueFd> fds;
    fds.emplace_back(fcntl(out.read.get(), F_DUPFD_CLOEXEC, 0));
    fds.emplace_back(fcntl(err.read.get(), F_DUPFD_CLOEXEC, 0));
    client.capture({.spawn = core::SpawnId{1}, .worker = "web.1", .path = path, .match = match},
                   std::move(fds));
  }
  void say(std::string_view text) const {
    REQUIRE(write(out.write.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  bool until(const std::function<bool()>& condition) { return loop::run_until(loop, condition); }
  std::vector<std::string> answer(const std::function<void(LoggerClient::LinesCallback)>& ask) {
    std::optional<std::optional<std::vector<Line>>> got;
    ask([&](std::optional<std::vector<Line>> lines) { got = std::move(lines); });
    REQUIRE(until([&] { return got.has_value(); }));
    REQUIRE(*got);
    std::vector<std::string> all;
    for (const Line& line : **got) all.push_back(line.worker + ": " + line.text);
    return all;
  }
  std::vector<std::string> tail(int lines) {
    return answer([&](auto on_lines) { client.tail(core::SpawnId{1}, lines, on_lines); });
  }
  std::vector<std::string> read(int lines) {
    return answer([&](auto on_lines) {
      client.read({{.worker = "web.1", .path = path}}, lines, Stream::both, on_lines);
    });
  }
  void sync() {
    answer([&](auto on_lines) { client.sync(on_lines); });
  }
};

}  // namespace

TEST_CASE("logger: it tells what it has counted, to the next supervisor all of it", "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  f.capture();
  f.say("one\ntwo\n");
  REQUIRE(f.until([&] { return !f.counted.empty() && f.counted.back().counts.lines == 2; }));
  f.sync();
  const Counted last = f.counted.back();
  CHECK(last.group == "web");
  CHECK(last.counts.bytes == contents(f.path).size());
  CHECK(last.counts.dropped == 0);
  f.counted.clear();
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return !f.counted.empty(); }));
  CHECK(f.counted.back().logger == last.logger);
  CHECK(f.counted.back().counts == last.counts);
}

TEST_CASE("logger: it captures, answers, and writes everything before it leaves with the keeper",
          "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.compared == 1; }));
  CHECK(f.told.empty());
  f.capture();
  f.say("one\ntwo\nthree\n");
  CHECK(f.tail(2) == std::vector<std::string>{"web.1: two", "web.1: three"});
  f.say("four\n");
  CHECK(f.read(3) == std::vector<std::string>{"web.1: two", "web.1: three", "web.1: four"});
  f.say("five\n");
  f.sync();
  CHECK(contents(f.path).ends_with(" stdout F five\n"));
  f.client.finish(core::SpawnId{1});
  CHECK(f.tail(1) == std::vector<std::string>{"web.1: five"});
  f.capture();
  f.say("last words");
  f.sync();
  CHECK(logger.leave() == 0);
  CHECK(contents(f.path).ends_with(" stdout F last words\n"));
}

TEST_CASE("logger: signals that a terminal sends to everyone do not end it", "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.compared == 1; }));
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) logger.signal(number);
  f.capture();
  f.say("still here\n");
  CHECK(f.tail(1) == std::vector<std::string>{"web.1: still here"});
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a supervisor's crash does not concern it", "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  f.capture();
  f.sync();
  // The next supervisor's channel; nobody speaks on the one before any more.
  f.say("meanwhile\n");
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.told == std::vector{core::SpawnId{1}}; }));
  CHECK(f.tail(5) == std::vector<std::string>{"web.1: meanwhile"});
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a worker goes on writing while a dead logger is replaced, and nothing is lost",
          "[logs]") {
  Fixture f;
  {
    LoggerProcess logger;
    f.client.set_channel(logger.peer());
    f.capture();
    f.say("before\n");
    f.sync();
    logger.kill();
  }
  f.say("in between\n");
  REQUIRE(f.until([&] { return !f.client.connected(); }));
  LoggerProcess logger;
  const int compared = f.compared;
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.compared > compared; }));
  CHECK(f.told.empty());
  f.capture();
  f.say("after\n");
  CHECK(f.read(5) ==
        std::vector<std::string>{"web.1: before", "web.1: in between", "web.1: after"});
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a message that it does not understand changes nothing", "[logs]") {
  Fixture f;
  LoggerProcess logger;
  UniqueFd supervisor = logger.peer();
  for (const std::string_view message : {"{", "{\"op\":\"capture\"}", "\xff\xfe"})
    static_cast<void>(send(supervisor.get(), message.data(), message.size(), 0));
  f.client.set_channel(std::move(supervisor));
  f.capture();
  f.say("fine\n");
  CHECK(f.tail(1) == std::vector<std::string>{"web.1: fine"});
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a worker that ended is told as finished when what it wrote is in its file",
          "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  f.capture();
  f.say("last words");
  f.client.finish(core::SpawnId{1});
  f.client.finish(core::SpawnId{2});
  REQUIRE(f.until([&] { return f.finished.size() == 2; }));
  CHECK(f.finished == std::vector{core::SpawnId{1}, core::SpawnId{2}});
  CHECK_THAT(contents(f.path), Catch::EndsWith("stdout F last words\n"));
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a line that is looked for is found by the next one where the first was killed",
          "[logs]") {
  Fixture f;
  {
    LoggerProcess logger;
    f.client.set_channel(logger.peer());
    f.capture("^ready");
    f.say("soon\n");
    f.sync();
    logger.kill();
  }
  f.say("ready\n");
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.compared == 2; }));
  CHECK(f.matched.empty());
  f.capture("^ready");
  REQUIRE(f.until([&] { return !f.matched.empty(); }));
  CHECK(f.matched == std::vector{core::SpawnId{1}});
  CHECK(logger.leave() == 0);
}

TEST_CASE("logger: a capture whose descriptors it had no room for is asked for again", "[logs]") {
  Fixture f;
  LoggerProcess logger;
  f.client.set_channel(logger.peer());
  REQUIRE(f.until([&] { return f.compared == 1; }));
  logger.limit_descriptors(3);
  f.capture();
  REQUIRE(f.until([&] { return f.compared == 2; }));
  CHECK(f.told.empty());
  logger.limit_descriptors(RLIM_INFINITY);
  f.capture();
  f.say("heard\n");
  CHECK(f.tail(1) == std::vector<std::string>{"web.1: heard"});
  CHECK(logger.leave() == 0);
}
