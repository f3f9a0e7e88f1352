#include "os/notify_socket.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/process.h"
#include "os/sd_notify.h"
#include "os/unix_address.h"
#include "os_test.h"

using namespace superd;
using namespace superd::os;
using namespace superd::os::test;

namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

void send_with_descriptors(const std::string& path, const std::string& text, std::size_t count) {
  const UniqueFd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Result<UnixAddress> address = unix_address(path);
  REQUIRE(::connect(sender.get(), address->get(), address->size) == 0);
  std::string bytes = text;
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  const std::vector<int> descriptors(count, STDERR_FILENO);
  std::copy(descriptors.begin(), descriptors.end(), reinterpret_cast<int*>(CMSG_DATA(header)));
  REQUIRE(::sendmsg(sender.get(), &message, 0) >= 0);
}

}  // namespace

TEST_CASE("notify: a message comes with the PID and uid of its sender", "[os]") {
  const TempDir dir;
  const Result<UniqueFd> socket = bind_notify_socket(dir.path("n"));
  REQUIRE(socket);
  CHECK(receive_notification(socket->get())->outcome == ReceiveOutcome::empty);
  const std::string wrong = as_ordinary_user([&]() -> std::string {
    const Status sent = sd_notify(dir.path("n"), "READY=1\nSTATUS=up");
    return sent ? "" : sent.error().message;
  });
  REQUIRE(wrong == "");
  const Result<Receive> received = receive_notification(socket->get());
  REQUIRE(received);
  REQUIRE(received->outcome == ReceiveOutcome::message);
  CHECK(received->message.notification.ready);
  CHECK(received->message.notification.status == "up");
  CHECK(received->message.uid == (is_root() ? kOrdinaryUid : ::geteuid()));
  CHECK(received->message.pid > 0);
  CHECK(receive_notification(socket->get())->outcome == ReceiveOutcome::empty);
}

TEST_CASE("notify: the sender's pidfd comes along on kernels that have it", "[os]") {
  const TempDir dir;
  const Result<UniqueFd> socket = bind_notify_socket(dir.path("n"));
  REQUIRE(sd_notify(dir.path("n"), "READY=1"));
  const Result<Receive> received = receive_notification(socket->get());
  REQUIRE(received);
  CHECK(received->message.pid == ::getpid());
  if (!received->message.pidfd) return skip("no SCM_PIDFD here");
  CHECK(signal_pidfd(received->message.pidfd.get(), 0));
  CHECK(::fcntl(received->message.pidfd.get(), F_GETFD) == FD_CLOEXEC);
}

TEST_CASE("notify: hostile messages are dropped, and the next one is read", "[os]") {
  const TempDir dir;
  const Result<UniqueFd> socket = bind_notify_socket(dir.path("n"));
  REQUIRE(socket);
  const std::string hostile = GENERATE(std::string("READY=1\0STATUS=x", 16),
                                       std::string("READY=1\n") + std::string(4096, 'x'),
                                       std::string("READY=1\n") + std::string(100000, 'x'));
  REQUIRE(sd_notify(dir.path("n"), hostile));
  REQUIRE(sd_notify(dir.path("n"), ""));
  REQUIRE(sd_notify(dir.path("n"), std::string("READY=1\0", 8)));
  CHECK(receive_notification(socket->get())->outcome == ReceiveOutcome::dropped);
  const Result<Receive> empty = receive_notification(socket->get());
  CHECK(empty->outcome == ReceiveOutcome::message);
  CHECK(empty->message.notification == Notification{});
  CHECK(receive_notification(socket->get())->message.notification.ready);
}

TEST_CASE("notify: descriptors in a message are closed", "[os]") {
  const TempDir dir;
  const Result<UniqueFd> socket = bind_notify_socket(dir.path("n"));
  REQUIRE(socket);
  const std::size_t before = open_descriptors();
  for (const std::size_t count : {std::size_t{1}, std::size_t{253}}) {
    send_with_descriptors(dir.path("n"), "FDSTORE=1", count);
    CHECK(receive_notification(socket->get())->outcome == ReceiveOutcome::message);
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("notify: the socket may be written by every user, and its path is used once", "[os]") {
  const TempDir dir;
  const Result<UniqueFd> socket = bind_notify_socket(dir.path("n"));
  REQUIRE(socket);
  struct stat made {};
  REQUIRE(::stat(dir.path("n").c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0666);
  CHECK(bind_notify_socket(dir.path("n")).error().code == EADDRINUSE);
}

TEST_CASE("sd_notify: without a service manager nothing is sent, and that is success", "[os]") {
  CHECK(sd_notify("", "READY=1"));
  CHECK(sd_notify("vsock:2:1", "READY=1").error().code == EAFNOSUPPORT);
  CHECK(sd_notify("/no/such/socket", "READY=1").error().code == ENOENT);
}

TEST_CASE("sd_notify: an abstract name is reached", "[os]") {
  const std::string name = fmt::format("@superd-unit-os-{}", ::getpid());
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Result<UnixAddress> address = unix_address(name);
  REQUIRE(::bind(manager.get(), address->get(), address->size) == 0);
  REQUIRE(sd_notify(name, "STOPPING=1"));
  char text[32];
  CHECK(::recv(manager.get(), text, sizeof text, 0) == 10);
}
