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
class Context {
 public:
  explicit Context(Options options);

  [[nodiscard]] const Options& options() const { return options_; }
  Output& out() { return out_; }

  // The control socket by the rule of superctl(1).
  const std::string& socket();

  // The body of the answer to one GET.
  client::Outcome<std::string> get(const std::string& target);
  template <class T>
  client::Outcome<T> fetch(const std::string& target) {
    return client::read_answer<T>(ask({.target = target}));
  }
  Result<wire::Response> ask(client::Request request);
  // The answers in the order of the requests, which go out together; without one in time or after
  // an interrupt it is the error.
  std::vector<Result<wire::Response>> ask_all(std::vector<client::Request> requests);

  // Fails with every name that means nothing; then a command does nothing at all.
  client::Outcome<Selection> select(const std::vector<std::string>& names);

  // When this run's time is over: --timeout, or else never.
  [[nodiscard]] client::Clock::time_point deadline() const;

  // Says why on stderr; with --json also as {"error","exit"} where no document was printed yet.
  ExitCode report(const client::Failure& failure);

 private:
  // For answers that superd has at hand.
  [[nodiscard]] client::Clock::time_point query_deadline() const;

  Options options_;
  Output out_;
  client::Clock::time_point begin_;
  std::optional<std::string> socket_;
};

}  // namespace superd::superctl
