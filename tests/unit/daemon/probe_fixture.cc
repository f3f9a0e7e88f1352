#include "probe_fixture.h"

#include <array>
#include <utility>

#include <sys/socket.h>

#include <catch2/catch.hpp>

namespace superd::daemon::test {

void HandMadeServer::Client::send(const std::string& bytes) const {
  (void)::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void HandMadeServer::Client::close() {
  poll.reset();
  socket.reset();
}

HandMadeServer::HandMadeServer(loop::Loop& loop, UniqueFd socket, Handler handler)
    : loop_(loop), socket_(std::move(socket)), handler_(std::move(handler)) {}

void HandMadeServer::begin() {
  auto poll = loop::Poll::readable(loop_, socket_.get(), [this] { accept(); });
  REQUIRE(poll);
  poll_.emplace(std::move(*poll));
}

void HandMadeServer::accept() {
  Client& client = clients_.emplace_back();
  client.socket = UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(client.socket);
  auto poll = loop::Poll::readable(loop_, client.socket.get(), [this, &client] { read(client); });
  REQUIRE(poll);
  client.poll.emplace(std::move(*poll));
}

void HandMadeServer::read(Client& client) {
  std::array<char, 4096> bytes;
  const ssize_t got = ::recv(client.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got <= 0) {
    ++clients_gone;
    client.poll.reset();
    return;
  }
  client.request.append(bytes.data(), static_cast<std::size_t>(got));
  if (!client.request.ends_with("\r\n\r\n")) return;
  requests.push_back(client.request);
  handler_(client);
}

HandMadeServer::Handler answer(std::string text) {
  return [text = std::move(text)](HandMadeServer::Client& client) {
    client.send(text);
    client.close();
  };
}

}  // namespace superd::daemon::test
