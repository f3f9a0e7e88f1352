#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/answer.h"
#include "client/calls.h"
#include "client/names.h"
#include "options.h"
#include "output.h"
#include "wire/views.h"

namespace superd::superctl {

using client::ExitCode;

// What the NAMEs of a command line mean, and the state of superd when it was asked.
struct Selection {
  wire::StatusView status;
  std::vector<client::Target> targets;
};

// One run of superctl: its options, its output and its way to superd.
// What `--json` prints of what could not even be tried: {"error","exit"}.
std::string failure_document(const client::Failure& failure);

class Context {
 public:
  explicit Context(Options options);

  [[nodiscard]] const Options& options() const { return options_; }
  Output& out() { return out_; }

  // Before anything is asked: the control socket by the rule of superctl(1).
  Status find_socket();
  [[nodiscard]] const std::string& socket() const { return socket_; }

  // The body of the answer to one GET; `patience` (or --timeout) is how long it may take.
  client::Outcome<std::string> get(const std::string& target,
                                   client::Clock::duration patience = kPatience);
  template <class T>
  client::Outcome<T> fetch(const std::string& target) {
    return client::read_answer<T>(ask({.target = target}));
  }
  // As get(), and short whatever --timeout says: for what is said besides.
  template <class T>
  client::Outcome<T> glance(const std::string& target) {
    return client::read_answer<T>(
        std::move(ask_all({{.target = target}}, client::Clock::now() + kGlance).front()));
  }
  Result<wire::Response> ask(client::Request request);
  // The answers in the order of the requests, which go out together; without one in time or after
  // an interrupt it is the error.
  std::vector<Result<wire::Response>> ask_all(std::vector<client::Request> requests);

  // Fails with every name that means nothing; then a command does nothing at all.
  client::Outcome<Selection> select(const std::vector<std::string>& names);

  // When this run's time is over: --timeout, or else never.
  [[nodiscard]] client::Clock::time_point deadline() const;
  // Since this run began.
  [[nodiscard]] client::Clock::duration elapsed() const { return client::Clock::now() - begin_; }

  // Says why on stderr; with --json also as {"error","exit"} where no document was printed yet.
  ExitCode report(const client::Failure& failure);

 private:
  // For a superd that is busy with a thousand processes; one that hangs is not waited for longer.
  static constexpr std::chrono::seconds kPatience{30};
  static constexpr std::chrono::seconds kGlance{2};

  std::vector<Result<wire::Response>> ask_all(std::vector<client::Request> requests,
                                              client::Clock::time_point until);
  // Why one of the names may not be seen; nothing: none is forbidden.
  std::optional<client::Failure> find_forbidden(const std::vector<std::string>& names,
                                                const std::vector<client::KnownGroup>& known);
  // For answers that superd has at hand.
  [[nodiscard]] client::Clock::time_point query_deadline(client::Clock::duration patience) const;

  Options options_;
  Output out_;
  client::Clock::time_point begin_;
  std::string socket_;
};

}  // namespace superd::superctl
