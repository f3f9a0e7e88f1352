#include "harness/http.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/address.h"

namespace superd::scenario {
namespace {

Reply parse_reply(const std::string& text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (text.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) {
    return {.status = 0, .error = "closed without an answer", .body = text};
  }
  return {.status = std::stoi(text.substr(9, 3)), .error = "", .body = text.substr(end + 4)};
}

}  // namespace

Get::Get(const std::string& address, const std::string& path) {
  const Address target = parse_address(address);
  fd_ = stream_socket(target);
  if (connect(fd_, target) != 0) {
    error_ = std::string("connect: ") + std::strerror(errno);
    return;
  }
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    error_ = std::string("send: ") + std::strerror(errno);
  }
}

Reply Get::reply(std::chrono::milliseconds limit) {
  if (!error_.empty()) return {.status = 0, .error = error_, .body = ""};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&fd, 1, static_cast<int>(left.count())) <= 0) {
      return {.status = 0, .error = "no answer in time", .body = text};
    }
    std::array<char, 65536> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n == 0) return parse_reply(text);
    if (n < 0)
      return {.status = 0, .error = std::string("recv: ") + std::strerror(errno), .body = text};
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

int free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace superd::scenario
