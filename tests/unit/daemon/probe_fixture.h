#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "loop/loop.h"
#include "loop/poll.h"

// A web server for the tests of probes: on the same loop as what is tested, by hand.
namespace superd::daemon::test {

class HandMadeServer {
 public:
  struct Client {
    UniqueFd socket;
    std::optional<loop::Poll> poll;
    std::string request;

    void send(const std::string& bytes) const;
    void close();
  };
  // Called when a client's request is whole.
  using Handler = std::function<void(Client&)>;

  // `socket` listens.
  HandMadeServer(loop::Loop& loop, UniqueFd socket, Handler handler);

  // From now on connections are taken; before they wait in the queue.
  void begin();

  [[nodiscard]] int socket() const { return socket_.get(); }
  std::vector<std::string> requests;
  int clients_gone = 0;  // those that closed their end

 private:
  void accept();
  void read(Client& client);

  loop::Loop& loop_;
  UniqueFd socket_;
  Handler handler_;
  std::list<Client> clients_;
  std::optional<loop::Poll> poll_;
};

// Answers with this text, and closes.
HandMadeServer::Handler answer(std::string text);

}  // namespace superd::daemon::test
