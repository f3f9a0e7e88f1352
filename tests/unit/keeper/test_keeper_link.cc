#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/channel.h"
#include "keeper/keeper_link.h"

using namespace superd;
using namespace superd::keeper;
using namespace std::chrono_literals;

namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    keeper = std::make_unique<Channel>(UniqueFd(ends[0]));
    link = std::make_unique<KeeperLink>(UniqueFd(ends[1]));
  }
  std::unique_ptr<Channel> keeper;
  std::unique_ptr<KeeperLink> link;
};

Descriptors one_null() {
  auto fds = std::make_shared<std::vector<UniqueFd>>();
  fds->emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return fds;
}

}  // namespace

TEST_CASE("link: what was put stays the caller's own, and is settled once acknowledged",
          "[keeper]") {
  Pair pair;
  const UniqueFd mine(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(pair.link->put("web", std::array{mine.get()}));
  CHECK_FALSE(pair.link->settled());
  CHECK(pair.keeper->receive().size() == 1);
  CHECK(pair.link->settle(10s));
  CHECK(::fcntl(mine.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("link: names that the keeper would not take are refused at once", "[keeper]") {
  Pair pair;
  CHECK(pair.link->put("", std::array{0}).error().code == EINVAL);
  CHECK(pair.link->put("exits", std::array{0}).error().code == EINVAL);
  CHECK(pair.link->put("web", {}).error().code == EINVAL);
  CHECK(pair.link->put("web", std::array{-1}).error().code == EBADF);
}

TEST_CASE("link: messages that come between the items are kept for the next read", "[keeper]") {
  Pair pair;
  const Descriptors null = one_null();
  REQUIRE(pair.keeper->send({.op = Op::item, .name = "a", .fds = null}));
  REQUIRE(pair.keeper->send({.op = Op::signal, .value = SIGTERM}));
  REQUIRE(pair.keeper->send({.op = Op::item, .name = "b", .fds = null}));
  REQUIRE(pair.keeper->send({.op = Op::items_end}));
  REQUIRE(pair.keeper->send({.op = Op::peer, .fds = null}));
  const auto briefing = pair.link->receive_briefing(10s);
  REQUIRE(briefing);
  REQUIRE(briefing->items.size() == 2);
  CHECK(briefing->items[1].name == "b");
  CHECK_FALSE(briefing->set_journal_aside);
  const auto messages = pair.link->read();
  REQUIRE(messages.size() == 2);
  CHECK(std::get<SignalArrived>(messages[0]).number == SIGTERM);
  CHECK(std::get<Peer>(messages[1]).fd.get() >= 0);
}

TEST_CASE("link: waiting for items ends when the time is over or the keeper is gone", "[keeper]") {
  Pair pair;
  CHECK(pair.link->receive_briefing(20ms).error().code == ETIMEDOUT);
  pair.keeper.reset();
  CHECK(pair.link->receive_briefing(10s).error().code == EPIPE);
}

TEST_CASE("link: that the keeper is gone is told once, as the last message", "[keeper]") {
  Pair pair;
  REQUIRE(pair.keeper->send({.op = Op::signal, .value = SIGHUP}));
  pair.keeper.reset();
  const auto messages = pair.link->read();
  REQUIRE(messages.size() == 2);
  CHECK(std::holds_alternative<SignalArrived>(messages[0]));
  CHECK(std::holds_alternative<KeeperGone>(messages[1]));
  CHECK(pair.link->read().empty());
  CHECK(pair.link->started(0).error().code == EPIPE);
}

TEST_CASE("link: the briefing says that the journal is to be set aside", "[keeper]") {
  Pair pair;
  REQUIRE(pair.keeper->send({.op = Op::items_end, .value = kSetJournalAside}));
  const auto briefing = pair.link->receive_briefing(10s);
  REQUIRE(briefing);
  CHECK(briefing->set_journal_aside);
}

TEST_CASE("link: a briefing that nobody took is known as undelivered", "[keeper]") {
  Pair pair;
  REQUIRE(pair.keeper->send({.op = Op::items_end}));
  CHECK_FALSE(pair.keeper->settled());
  SECTION("taken") {
    REQUIRE(pair.link->receive_briefing(10s));
    (void)pair.keeper->receive();
    CHECK(pair.keeper->take_undelivered(Op::items_end).empty());
  }
  SECTION("not taken") {
    pair.link.reset();
    (void)pair.keeper->receive();
    CHECK(pair.keeper->take_undelivered(Op::items_end).size() == 1);
  }
}
