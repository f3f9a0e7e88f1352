#include "fake_server.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "wire/http_codec.h"

namespace superd::client {
namespace {

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "superd-client-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  return name;
}

// The head, and the body that its Content-Length announces.
std::string read_request(int connection) {
  std::string request;
  std::array<char, 4096> buffer;
  std::size_t wanted = std::string::npos;
  while (request.size() < wanted) {
    const ssize_t n = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    request.append(buffer.data(), static_cast<std::size_t>(n));
    const auto head = request.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const auto length = request.find("Content-Length: ");
    const std::size_t body = length < head ? std::stoul(request.substr(length + 16)) : 0;
    wanted = head + 4 + body;
  }
  return request;
}

}  // namespace

FakeServer::FakeServer(Serve serve)
    : serve_(std::move(serve)),
      directory_(make_directory()),
      path_(directory_ + "/control.sock"),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path_.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  REQUIRE(::bind(listener_.get(), generic, sizeof address) == 0);
  REQUIRE(::listen(listener_.get(), 64) == 0);
  thread_ = std::thread([this] { run(); });
}

FakeServer::~FakeServer() {
  static_cast<void>(::eventfd_write(stop_.get(), 1));
  thread_.join();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::vector<std::string> FakeServer::seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void FakeServer::run() {
  while (true) {
    pollfd polled[] = {{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                       {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    static_cast<void>(::poll(polled, std::size(polled), -1));
    if (polled[1].revents != 0) return;
    if (polled[0].revents == 0) continue;
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string request = read_request(connection.get());
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request.substr(0, request.find("\r\n")));
    }
    serve_(request, connection.get());
  }
}

void send_text(int connection, const std::string& text) {
  static_cast<void>(::send(connection, text.data(), text.size(), MSG_NOSIGNAL));
}

std::string answer(int status, const std::string& body) {
  return wire::serialize(wire::json_response(status, body), wire::Method::get, wire::KeepAlive::no);
}

FakeServer::Serve routes(std::vector<Route> table) {
  return [table = std::move(table)](const std::string& request, int connection) {
    for (const auto& route : table) {
      if (!request.starts_with(route.begin + " ")) continue;
      return send_text(connection, answer(route.status, route.body));
    }
    send_text(connection, answer(404, R"({"status":404,"title":"Not Found","detail":"no route"})"));
  };
}

EmptyDirectory::EmptyDirectory() : directory_(make_directory()) {}

EmptyDirectory::~EmptyDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace superd::client
