#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/http_server.h"
#include "loop/loop.h"
#include "loop/timer.h"

namespace superd::daemon::test {

// A client that never blocks: what it could not send or has not received yet comes later.
class Client {
 public:
  explicit Client(const std::string& address);

  void send(std::string_view bytes);
  // Everything received so far and not taken.
  const std::string& received();
  std::string take_received();
  bool closed();
  void close_sending();
  void close() { socket_.reset(); }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  UniqueFd socket_;
  std::string received_;
  std::string unsent_;
  bool closed_ = false;
};

// A server on an abstract unix socket. Its handler answers `GET /echo…` with the target at once
// (`/echo-slowly`: after two milliseconds of work) and keeps every other request's Responder in
// `owed`.
class ServerUnderTest {
 public:
  explicit ServerUnderTest(HttpServer::Options options = {});

  [[nodiscard]] Client connect() const { return Client(address_); }
  // Runs the loop until the condition holds; false: not within 20 s.
  bool run_until(const std::function<bool()>& condition);
  // The whole exchange of one request on one connection: the text of the answer.
  std::string exchange(std::string_view request);
  [[nodiscard]] std::size_t active_timers();
  // Has the server listen at another address, to which connect() goes from now on.
  void move();

  loop::Loop loop;
  std::unique_ptr<HttpServer> server;
  std::vector<std::string> targets;  // of the requests that came
  std::vector<std::string> bodies;
  std::vector<Responder> owed;
  uid_t peer_uid = 0;
  pid_t peer_pid = 0;

 private:
  UniqueFd listener_;
  std::string address_;
};

std::string get(std::string_view target);

}  // namespace superd::daemon::test
