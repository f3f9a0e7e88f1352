#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace superd::client {

// A unix socket in a temporary directory, and behind it a thread that serves one connection after
// the other as the test says: it gets the request as it came and the connection, which is closed
// when it returns.
class FakeServer {
 public:
  using Serve = std::function<void(const std::string& request, int connection)>;

  explicit FakeServer(Serve serve);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The first line of each request so far.
  [[nodiscard]] std::vector<std::string> seen();

 private:
  void run();

  Serve serve_;
  std::string directory_;
  std::string path_;
  UniqueFd listener_;
  UniqueFd stop_;
  std::mutex mutex_;
  std::vector<std::string> seen_;
  std::thread thread_;
};

void send_text(int connection, const std::string& text);
// A whole answer with a body of JSON.
std::string answer(int status, const std::string& body);
// Answers by the first line of the request (`GET /v1/status`), 404 where none fits.
struct Route {
  std::string begin;
  int status = 200;
  std::string body{};
};
FakeServer::Serve routes(std::vector<Route> table);

// A socket path in a new directory where nobody listens. The directory is removed at the end.
class EmptyDirectory {
 public:
  EmptyDirectory();
  ~EmptyDirectory();
  EmptyDirectory(const EmptyDirectory&) = delete;
  EmptyDirectory& operator=(const EmptyDirectory&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
};

}  // namespace superd::client
