#include "context.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/locations.h"
#include "core/worker_ref.h"
#include "exchange.h"
#include "selection.h"
#include "wire/json.h"

namespace superd::superctl {

Context::Context(Options options)
    : options_(std::move(options)),
      out_(options_.quiet ? Output::Mode::quiet : Output::Mode::normal),
      begin_(client::Clock::now()) {}

Status Context::find_socket() {
  Result<std::string> found = config::find_control_socket(
      {.socket = options_.socket, .config = options_.config}, config::this_process());
  if (!found) return tl::unexpected(found.error());
  socket_ = std::move(*found);
  return {};
}

client::Clock::time_point Context::deadline() const {
  return options_.timeout ? begin_ + *options_.timeout : client::kNever;
}

client::Clock::time_point Context::query_deadline(client::Clock::duration patience) const {
  return options_.timeout ? deadline() : client::Clock::now() + patience;
}

client::Outcome<std::string> Context::get(const std::string& target,
                                          client::Clock::duration patience) {
  return client::body_of(
      std::move(ask_all({{.target = target}}, query_deadline(patience)).front()));
}

Result<wire::Response> Context::ask(client::Request request) {
  return std::move(ask_all({std::move(request)}).front());
}

std::vector<Result<wire::Response>> Context::ask_all(std::vector<client::Request> requests) {
  return ask_all(std::move(requests), query_deadline(kPatience));
}

std::vector<Result<wire::Response>> Context::ask_all(std::vector<client::Request> requests,
                                                     client::Clock::time_point until) {
  std::vector<std::optional<Result<wire::Response>>> answers(requests.size());
  const End end =
      run(socket(),
          {.requests = std::move(requests),
           .until = until,
           .on_answer = [&](std::size_t i, auto response) { answers[i] = std::move(response); },
           .on_tick = {}});
  std::vector<Result<wire::Response>> all;
  for (auto& answer : answers) {
    if (answer) {
      all.push_back(std::move(*answer));
    } else if (end == End::interrupted) {
      all.push_back(fail("interrupted", EINTR));
    } else {
      all.push_back(fail(fmt::format("superd at {} gave no answer in time", socket()), ETIMEDOUT));
    }
  }
  return all;
}

client::Outcome<Selection> Context::select(const std::vector<std::string>& names) {
  Selection selection;
  const bool needs_status = std::ranges::any_of(names, [](const auto& n) { return n != "self"; });
  if (needs_status) {
    auto status = fetch<wire::StatusView>("/v1/status");
    if (!status) return tl::unexpected<client::Failure>(status.error());
    selection.status = std::move(*status);
  }
  const auto known = known_groups(selection.status);
  auto resolution = client::resolve(names, known);
  if (!resolution.unknown.empty()) {
    if (auto forbidden = find_forbidden(names, known)) return tl::unexpected(std::move(*forbidden));
    return tl::unexpected<client::Failure>(
        {.code = ExitCode::no_such_name,
         .message = fmt::format("{}", fmt::join(resolution.unknown, "; "))});
  }
  selection.targets = std::move(resolution.targets);
  return selection;
}

// The status that a worker gets has its own group alone: of another superd says so by a 403.
std::optional<client::Failure> Context::find_forbidden(
    const std::vector<std::string>& names, const std::vector<client::KnownGroup>& known) {
  for (const std::string& name : names) {
    const auto worker = core::parse_worker_ref(name);
    const std::string& group = worker ? worker->group : name;
    const bool seen = std::ranges::find(known, group, &client::KnownGroup::name) != known.end();
    if (seen || !core::is_group_name(group)) continue;
    const auto answer = get("/v1/groups/" + group);
    if (!answer && answer.error().code == ExitCode::not_permitted) return answer.error();
  }
  return std::nullopt;
}

std::string failure_document(const client::Failure& failure) {
  const nlohmann::ordered_json document{{"error", failure.message},
                                        {"exit", static_cast<int>(failure.code)}};
  return wire::to_text(document);
}

ExitCode Context::report(const client::Failure& failure) {
  // Who interrupts knows it.
  if (failure.code == ExitCode::interrupted) return failure.code;
  out_.complain(failure.message);
  // Whoever reads JSON gets a document in any case.
  if (options_.json && !out_.has_printed()) {
    out_.print_line(failure_document(failure));
  }
  return failure.code;
}

}  // namespace superd::superctl
