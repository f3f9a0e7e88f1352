#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "harness/address.h"
#include "harness/superd.h"

namespace superd::scenario {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLinks = 30;
constexpr std::uint64_t kEventsAPair = std::uint64_t{2} * kLinks;

// Each group depends on the one before, and the first on one that never gets ready: an order to
// start the last one is told of all as starting, one to stop the first one of all as stopped, and
// no process is made.
std::string chain_of_groups() {
  std::string config =
      "[group.base]\ncommand = [\"sleep\", \"100000\"]\n"
      "ready = { when = \"delay\", delay = \"10000s\", timeout = \"20000s\" }\n";
  for (int i = 1; i <= kLinks; ++i) {
    config += fmt::format(
        "[group.g{}]\ncommand = [\"sleep\", \"100000\"]\nautostart = false\ndepends_on = "
        "[\"{}\"]\n",
        i, i == 1 ? "base" : fmt::format("g{}", i - 1));
  }
  return config;
}

UniqueFd connection(const Site& site) {
  const Address address = parse_address("unix:" + site.control());
  UniqueFd fd = stream_socket(address);
  REQUIRE(connect(fd, address) == 0);
  return fd;
}

void send_all(const UniqueFd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    REQUIRE(sent > 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// A client of `GET /v1/events?follow=1` that reads when it is told to.
class EventReader {
 public:
  explicit EventReader(const Site& site) : fd_(connection(site)) {
    send_all(fd_, "GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  // What is there, without waiting.
  void read() {
    std::array<char, 65536> bytes;
    while (!ended_) {
      const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count < 0) return;
      ended_ = count == 0;
      take({bytes.data(), static_cast<std::size_t>(count)});
    }
  }

  [[nodiscard]] bool began() const { return began_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  // How many ids did not follow on the one before.
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  [[nodiscard]] const std::string& last_line() const { return last_line_; }
  [[nodiscard]] std::uint64_t last_id() const { return last_id_; }

 private:
  void take(std::string_view bytes) {
    rest_ += bytes;
    std::size_t begin = 0;
    if (!began_) {
      const std::size_t head = rest_.find("\r\n\r\n");
      if (head == std::string::npos) return;
      begin = head + 4;
      began_ = true;
    }
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      take_line(rest_.substr(begin, end - begin));
    rest_.erase(0, begin);
  }

  void take_line(std::string line) {
    constexpr std::string_view kId = "{\"id\":";
    const std::uint64_t id = line.starts_with(kId) ? std::stoull(line.substr(kId.size())) : 0;
    if (lines_ > 0 && id != last_id_ + 1) ++gaps_;
    ++lines_;
    last_id_ = id;
    last_line_ = std::move(line);
  }

  UniqueFd fd_;
  std::string rest_;
  bool began_ = false;
  bool ended_ = false;
  std::uint64_t lines_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t last_id_ = 0;
  std::string last_line_;
};

// Gives orders that are answered at once.
class Orders {
 public:
  explicit Orders(const Site& site) : fd_(connection(site)) {}

  void start_and_stop(int times) {
    std::string requests;
    for (int i = 0; i < times; ++i) {
      requests += order(fmt::format("/v1/groups/g{}/start", kLinks)) + order("/v1/groups/g1/stop");
    }
    send_all(fd_, requests);
    std::string answers;
    std::array<char, 65536> bytes;
    for (int left = 2 * times; left > 0;) {
      const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
      REQUIRE(count > 0);
      answers.append(bytes.data(), static_cast<std::size_t>(count));
      std::size_t end = 0;
      // The body of each is an object on its own.
      while ((end = answers.find('}')) != std::string::npos) {
        REQUIRE(answers.starts_with("HTTP/1.1 202 "));
        answers.erase(0, end + 1);
        --left;
      }
    }
  }

 private:
  static std::string order(const std::string& target) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 14\r\n\r\n{{\"wait\":false}}",
        target);
  }

  UniqueFd fd_;
};

long resident_kib(pid_t pid) { return std::stol("0" + proc::status(pid, "VmRSS")); }

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

// Ten thousand a second where the machine can do that: the driver waits for a tenth of a second to
// be over, and for followers that would fall behind what is kept.
TEST_CASE("events: of ten thousand a second four followers miss none, though a fifth never reads",
          "[long]") {
  constexpr int kPairsASlot = 17;
  constexpr int kSlots = 120;
  constexpr int kFullSlots = 40;  // the history is full
  constexpr std::uint64_t kMostBehind = 10'000;
  Site site(chain_of_groups());
  Superd superd(site);
  std::vector<EventReader> readers;
  readers.reserve(4);
  for (int i = 0; i < 4; ++i) readers.emplace_back(site);
  EventReader stuck(site);
  const auto all_have = [&](std::uint64_t lines) {
    return std::ranges::all_of(readers, [&](EventReader& reader) {
      reader.read();
      return reader.began() && reader.lines() >= lines;
    });
  };
  REQUIRE(wait_until(kSoon, [&] { return all_have(0); }));
  Orders orders(site);
  const auto begin = Clock::now();
  std::uint64_t told = 0;
  long resident = 0;
  double slowest = 0;
  for (int slot = 1; slot <= kSlots; ++slot) {
    orders.start_and_stop(kPairsASlot);
    told += kPairsASlot * kEventsAPair;
    REQUIRE(wait_until(kSoon, [&] {
      return all_have(told < kMostBehind ? 0 : told - kMostBehind) &&
             Clock::now() >= begin + slot * 100ms;
    }));
    const auto asked = Clock::now();
    CHECK(get("unix:" + site.control(), "/v1/groups/base").status == 200);
    slowest = std::max(slowest, milliseconds_since(asked));
    if (slot == kFullSlots) resident = resident_kib(superd.supervisor());
  }
  REQUIRE(wait_until(kSoon, [&] { return all_have(told); }));
  const double rate = 1000 * static_cast<double>(told) / milliseconds_since(begin);
  const long grown = resident_kib(superd.supervisor()) - resident;
  fmt::print(
      "{} events, {:.0f} a second; superd has {} KiB, {} more than a third of the way before; "
      "the slowest answer took {:.1f} ms\n",
      told, rate, resident + grown, grown, slowest);
  for (const EventReader& reader : readers) {
    CHECK(reader.lines() == told);
    CHECK(reader.gaps() == 0);
    CHECK_FALSE(reader.ended());
  }
#ifndef __SANITIZE_ADDRESS__
  CHECK(resident > 0);
  CHECK(grown < 8L * 1024);
#endif
  // What was on its way to the fifth, and where it stopped.
  REQUIRE(wait_until(kSoon, [&] {
    stuck.read();
    return stuck.ended();
  }));
  const auto last = nlohmann::json::parse(stuck.last_line());
  CHECK(last.at("event") == "dropped");
  // The last line has the id of the event before it.
  CHECK(stuck.gaps() == 1);
  CHECK(stuck.lines() > 1);
  CHECK(stuck.lines() < told / 4);
}

}  // namespace superd::scenario
