#include "http_fixture.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

namespace superd::daemon::test {
namespace {

constexpr std::chrono::seconds kLimit{20};

loop::Loop make_loop() {
  auto made = loop::Loop::create();
  REQUIRE(made);
  return std::move(*made);
}

// The kernel picks the name.
std::string bind_anywhere(int socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(socket, raw, size) == 0);
  size = sizeof(address);
  REQUIRE(::getsockname(socket, raw, &size) == 0);
  return {address.sun_path, size - offsetof(sockaddr_un, sun_path)};
}

}  // namespace

std::string get(std::string_view target) {
  return wire::serialize_request(wire::Method::get, target, "");
}

Client::Client(const std::string& name)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
}

void Client::send(std::string_view bytes) {
  unsent_ += bytes;
  while (!unsent_.empty()) {
    const ssize_t count = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return unsent_.clear();
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
}

const std::string& Client::received() {
  send("");
  std::array<char, 65536> bytes{};
  while (!closed_) {
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EAGAIN) break;
    closed_ = count <= 0;
    if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return received_;
}

std::string Client::take_received() {
  received();
  return std::exchange(received_, {});
}

bool Client::closed() {
  received();
  return closed_;
}

void Client::close_sending() { ::shutdown(socket_.get(), SHUT_WR); }

ServerUnderTest::ServerUnderTest(HttpServer::Options options)
    : loop(make_loop()), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  address_ = bind_anywhere(listener_.get());
  REQUIRE(::listen(listener_.get(), 512) == 0);
  const auto handler = [this](const wire::Request& request, const os::Peer& peer,
                              Responder responder) {
    targets.push_back(request.target);
    bodies.push_back(request.body);
    peer_uid = peer.uid;
    peer_pid = peer.pid;
    if (request.target == "/echo-slowly") {
      for (const auto end = loop::now() + std::chrono::milliseconds(2); loop::now() < end;)
        continue;
    }
    if (request.target.starts_with("/echo")) {
      responder.answer(wire::json_response(200, request.target));
    } else {
      owed.push_back(std::move(responder));
    }
  };
  auto made = HttpServer::create(loop, listener_.get(), std::move(options), handler);
  REQUIRE(made);
  server = std::move(*made);
}

void ServerUnderTest::move() {
  UniqueFd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  address_ = bind_anywhere(other.get());
  REQUIRE(::listen(other.get(), 512) == 0);
  REQUIRE(server->listen_on(other.get()));
  listener_ = std::move(other);
}

bool ServerUnderTest::run_until(const std::function<bool()>& condition) {
  const auto deadline = loop::now() + kLimit;
  while (!condition()) {
    if (loop::now() > deadline) return false;
    loop::Timer tick(loop, [] {});
    tick.after(std::chrono::milliseconds(5));
    loop.run_once();
  }
  return true;
}

std::string ServerUnderTest::exchange(std::string_view request) {
  Client client = connect();
  client.send(request);
  wire::ResponseParser parser(wire::Method::get);
  std::string text;
  run_until([&] {
    const std::string more = client.take_received();
    text += more;
    const auto state = parser.feed(more);
    return client.closed() || !state || *state == wire::ResponseParser::State::complete;
  });
  return text;
}

std::size_t ServerUnderTest::active_timers() {
  std::size_t count = 0;
  const auto count_timer = [](uv_handle_t* handle, void* counter) {
    if (handle->type == UV_TIMER && uv_is_active(handle) != 0)
      ++*static_cast<std::size_t*>(counter);
  };
  uv_walk(loop.raw(), count_timer, &count);
  return count;
}

}  // namespace superd::daemon::test
