#include "loop/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "run_until.h"

using namespace superd;
using namespace superd::loop;

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

// A channel that writes down what happens to it.
struct End {
  std::vector<std::string> messages;
  std::vector<UniqueFd> fds;
  int closed = 0;
  int drained = 0;
  int lost = 0;
  std::unique_ptr<Channel> channel;

  End(Loop& loop, UniqueFd socket, Channel::Limits limits = {}) {
    Result<std::unique_ptr<Channel>> made =
        Channel::create(loop, std::move(socket),
                        {.on_message =
                             [this](std::string_view text, std::vector<UniqueFd>& with) {
                               messages.emplace_back(text);
                               for (UniqueFd& fd : with) fds.push_back(std::move(fd));
                             },
                         .on_closed = [this] { ++closed; },
                         .on_drained = [this] { ++drained; },
                         .on_lost = [this] { ++lost; }},
                        limits);
    REQUIRE(made);
    channel = std::move(*made);
  }
};

}  // namespace

TEST_CASE("channel: messages arrive whole, in order, with their descriptors", "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one));
  End right(loop, std::move(sockets.two));
  std::array<int, 2> pipe_fds{};
  REQUIRE(pipe2(pipe_fds.data(), O_CLOEXEC) == 0);
  const UniqueFd write_end(pipe_fds[1]);
  std::vector<UniqueFd> fds;
  fds.emplace_back(pipe_fds[0]);
  REQUIRE(left.channel->send("first"));
  REQUIRE(left.channel->send("second", std::move(fds)));
  REQUIRE(run_until(loop, [&] { return right.messages.size() == 2; }));
  CHECK(right.messages == std::vector<std::string>{"first", "second"});
  REQUIRE(right.fds.size() == 1);
  CHECK((fcntl(right.fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(write(write_end.get(), "x", 1) == 1);
  char byte = 0;
  CHECK(read(right.fds[0].get(), &byte, 1) == 1);
}

TEST_CASE("channel: what the other side does not read waits, up to a limit, and blocks nobody",
          "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one), {.bytes = std::size_t{1} << 20, .descriptors = 8});
  std::size_t sent = 0;
  Status status;
  while ((status = left.channel->send(std::string(std::size_t{32} * 1024, 'x')))) ++sent;
  CHECK(status.error().code == ENOBUFS);
  CHECK(sent >= 32);
  CHECK_FALSE(left.channel->drained());

  End right(loop, std::move(sockets.two));
  REQUIRE(run_until(loop, [&] { return right.messages.size() == sent; }));
  REQUIRE(run_until(loop, [&] { return left.drained > 0; }));
  CHECK(left.channel->drained());
  CHECK(left.channel->send("more"));
}

TEST_CASE("channel: a message beyond the limit is refused, one of a stranger is dropped",
          "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  const int stranger = dup(sockets.one.get());
  const UniqueFd owned(stranger);
  End left(loop, std::move(sockets.one));
  End right(loop, std::move(sockets.two));
  const std::string huge(Channel::kMaxMessage + 1, 'x');
  const Status refused = left.channel->send(huge);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EMSGSIZE);
  REQUIRE_FALSE(left.channel->send(""));
  REQUIRE(::send(stranger, huge.data(), huge.size(), 0) > 0);
  REQUIRE(left.channel->send("fine"));
  REQUIRE(run_until(loop, [&] { return !right.messages.empty(); }));
  CHECK(right.messages == std::vector<std::string>{"fine"});
  CHECK(right.lost == 1);
}

TEST_CASE("channel: a message whose turn comes in vain is lost, and the next ones are sent",
          "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one));
  std::size_t sent = 0;
  for (; left.channel->drained(); ++sent) {
    REQUIRE(left.channel->send(std::string(std::size_t{32} * 1024, 'x')));
  }
  // One that nobody takes once it is closed.
  const int number = fcntl(0, F_DUPFD_CLOEXEC, 500);
  std::vector<UniqueFd> fds;
  fds.emplace_back(number);
  REQUIRE(left.channel->send("with a descriptor", std::move(fds)));
  REQUIRE(left.channel->send("last"));
  REQUIRE(::close(number) == 0);
  CHECK(left.lost == 0);
  End right(loop, std::move(sockets.two));
  REQUIRE(run_until(loop, [&] { return right.messages.size() == sent + 1; }));
  CHECK(right.messages.back() == "last");
  CHECK(left.lost == 1);
  CHECK(left.channel->send("more"));
}

TEST_CASE("channel: a message with a descriptor that is none is refused", "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one));
  while (left.channel->drained()) {
    REQUIRE(left.channel->send(std::string(std::size_t{32} * 1024, 'x')));
  }
  std::vector<UniqueFd> fds;
  fds.emplace_back();
  const Status refused = left.channel->send("message", std::move(fds));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EBADF);
}

TEST_CASE("channel: the end of the other side is told once, after its last message", "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one));
  End right(loop, std::move(sockets.two));
  REQUIRE(right.channel->send("unread"));
  REQUIRE(left.channel->send("last"));
  left.channel.reset();
  REQUIRE(run_until(loop, [&] { return right.closed == 1; }));
  CHECK(right.messages == std::vector<std::string>{"last"});
  const Status status = right.channel->send("too late");
  REQUIRE_FALSE(status);
  CHECK(status.error().code == EPIPE);
  loop.run();
  CHECK(right.closed == 1);
}

TEST_CASE("channel: it may be destroyed in its own callbacks", "[loop]") {
  Loop loop = make_loop();
  Sockets sockets;
  End left(loop, std::move(sockets.one));
  std::unique_ptr<Channel> right;
  const auto witness = std::make_shared<int>(1);
  int count = 0;
  Result<std::unique_ptr<Channel>> made =
      Channel::create(loop, std::move(sockets.two),
                      {.on_message =
                           [&, witness](std::string_view, std::vector<UniqueFd>&) {
                             right.reset();
                             count += *witness;
                           },
                       .on_closed = [] {},
                       .on_drained = {}},
                      {});
  REQUIRE(made);
  right = std::move(*made);
  REQUIRE(left.channel->send("one"));
  REQUIRE(left.channel->send("two"));
  REQUIRE(run_until(loop, [&] { return left.closed == 1; }));
  CHECK(count == 1);
}
