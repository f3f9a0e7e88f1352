#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/channel.h"
#include "os/limits.h"

using namespace superd;
using namespace superd::keeper;

namespace {

std::pair<UniqueFd, UniqueFd> make_pair() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Descriptors nulls(std::size_t count) {
  auto fds = std::make_shared<std::vector<UniqueFd>>();
  for (std::size_t i = 0; i < count; ++i) {
    fds->emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return fds;
}

// Both ends take turns until neither has anything to do.
std::vector<Channel::Incoming> exchange(Channel& from, Channel& to) {
  std::vector<Channel::Incoming> all;
  for (int idle = 0; idle < 3;) {
    from.flush();
    auto arrived = to.receive();
    to.flush();
    idle = arrived.empty() && from.receive().empty() ? idle + 1 : 0;
    std::move(arrived.begin(), arrived.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

TEST_CASE("channel: descriptors arrive close-on-exec and are acknowledged", "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel receiver(std::move(b));
  REQUIRE(sender.send({.op = Op::put, .name = "web", .fds = nulls(2)}));
  CHECK_FALSE(sender.settled());
  const auto arrived = receiver.receive();
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0].name == "web");
  REQUIRE(arrived[0].fds.size() == 2);
  CHECK(::fcntl(arrived[0].fds[0].get(), F_GETFD) == FD_CLOEXEC);
  CHECK(sender.receive().empty());
  CHECK(sender.settled());
}

TEST_CASE("channel: an item of more descriptors than a packet takes arrives whole", "[keeper]") {
  REQUIRE(os::raise_nofile_limit());
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel receiver(std::move(b));
  REQUIRE(sender.send({.op = Op::item, .name = "many", .fds = nulls(600)}));
  REQUIRE(sender.send({.op = Op::items_end}));
  const auto arrived = exchange(sender, receiver);
  REQUIRE(arrived.size() == 2);
  CHECK(arrived[0].fds.size() == 600);
  CHECK(arrived[1].op == Op::items_end);
  CHECK(sender.settled());
}

TEST_CASE("channel: a reader that is stuck holds one batch of descriptors and never the writer",
          "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  const UniqueFd stuck = std::move(b);
  const Descriptors fds = nulls(100);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(sender.send({.op = Op::item, .name = "web", .fds = fds}));
  }
  CHECK_FALSE(sender.wants_write());
  int packets = 0;
  while (receive_packet(stuck.get(), kMaxPacket).kind == ReceiveKind::packet) ++packets;
  CHECK(packets == 2);
}

TEST_CASE("channel: messages that a stuck reader does not take are bounded", "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Status sent;
  std::size_t taken = 0;
  while (sent && taken < 2 * Channel::kMaxWaiting) {
    sent = sender.send({.op = Op::signal, .value = 15});
    if (sent) ++taken;
  }
  REQUIRE(!sent);
  CHECK(sent.error().code == ENOBUFS);
  CHECK(taken >= Channel::kMaxWaiting);
  // Sent or waiting: nobody has taken one of them yet.
  CHECK(sender.take_undelivered(Op::signal).size() == taken);
}

TEST_CASE("channel: two ends that send a lot to each other do not wait for each other for ever",
          "[keeper]") {
  auto [a, b] = make_pair();
  Channel one(std::move(a));
  Channel two(std::move(b));
  const Descriptors fds = nulls(3);
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(one.send({.op = Op::put, .name = "from one", .fds = fds}));
    REQUIRE(two.send({.op = Op::item, .name = "from two", .fds = fds}));
  }
  std::size_t at_one = 0;
  std::size_t at_two = 0;
  for (int i = 0; i < 10'000 && (at_one < 2000 || at_two < 2000); ++i) {
    at_one += one.receive().size();
    at_two += two.receive().size();
  }
  CHECK(at_one == 2000);
  CHECK(at_two == 2000);
}

TEST_CASE("channel: the last words of a process that died with mail unread are heard", "[keeper]") {
  auto [a, b] = make_pair();
  Channel survivor(std::move(a));
  {
    Channel dying(std::move(b));
    REQUIRE(survivor.send({.op = Op::signal, .value = 1}));
    REQUIRE(dying.send({.op = Op::put, .name = "last", .fds = nulls(1)}));
  }
  const auto words = survivor.receive_rest();
  REQUIRE(words.size() == 1);
  CHECK(words[0].name == "last");
  CHECK(words[0].fds.size() == 1);
  CHECK(survivor.closed());
  CHECK(survivor.send({.op = Op::signal, .value = 1}).error().code == EPIPE);
}

TEST_CASE("channel: a signal that the other end never took can be given to another one",
          "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  {
    Channel receiver(std::move(b));
    REQUIRE(sender.send({.op = Op::signal, .value = 1}));
    REQUIRE(receiver.receive().size() == 1);
    REQUIRE(sender.send({.op = Op::signal, .value = 2}));
  }
  CHECK(sender.receive_rest().empty());
  const auto undelivered = sender.take_undelivered(Op::signal);
  REQUIRE(undelivered.size() == 1);
  CHECK(undelivered[0].value == 2);
}

TEST_CASE("channel: garbage and unknown operations are left out and their descriptors closed",
          "[keeper]") {
  auto [a, b] = make_pair();
  Channel receiver(std::move(a));
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const UniqueFd read(ends[0]);
  UniqueFd write(ends[1]);
  std::string unknown = encode({.op = Op::put, .descriptors = 1, .name = "web"});
  unknown[4] = 99;
  const int fds[] = {write.get()};
  REQUIRE(send_packet(b.get(), "garbage", fds));
  REQUIRE(send_packet(b.get(), unknown, fds));
  REQUIRE(send_packet(b.get(), encode({.op = Op::put, .descriptors = 3, .name = "web"}), fds));
  REQUIRE(send_packet(b.get(), std::string(5000, 'x'), fds));
  REQUIRE(send_packet(b.get(), encode({.op = Op::drop, .name = "web"}), {}));
  write.reset();
  const auto arrived = receiver.receive();
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0].op == Op::drop);
  char byte = 0;
  CHECK(::read(read.get(), &byte, 1) == 0);
}

TEST_CASE("channel: descriptors that do not fit are refused, and the sender does not hang",
          "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel receiver(std::move(b));
  REQUIRE(sender.send({.op = Op::put, .name = "many", .fds = nulls(20)}));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const UniqueFd highest(::fcntl(receiver.fd(), F_DUPFD_CLOEXEC, 0));
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(highest.get()) + 3,
                     .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const auto arrived = receiver.receive();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(arrived.empty());
  CHECK(sender.receive().empty());
  CHECK(sender.settled());
  REQUIRE(sender.send({.op = Op::put, .name = "few", .fds = nulls(2)}));
  REQUIRE(receiver.receive().size() == 1);
}

TEST_CASE("channel: what nobody could decode is refused at the sender", "[keeper]") {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  CHECK(sender.send({.op = Op::drop, .name = std::string(kMaxName + 1, 'n')}).error().code ==
        EINVAL);
  CHECK(sender.send({.op = Op::drop, .name = "a\nb"}).error().code == EINVAL);
}
