#include "wire/route.h"

#include <cstdlib>
#include <limits>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/number.h"
#include "base/time_text.h"
#include "base/units.h"

namespace superd::wire {
namespace {

using Routed = tl::expected<Command, Response>;

tl::unexpected<Response> refuse(int status, std::string detail) {
  return tl::unexpected(problem_response(status, std::move(detail)));
}
tl::unexpected<Response> bad(const Error& error) { return refuse(400, error.message); }
tl::unexpected<Response> no_such_path(const Request& request) {
  return refuse(404, fmt::format("there is nothing at {}", request.target));
}

enum class Wants { get, post };

// Nothing: the method fits.
std::optional<Response> check_method(const Request& request, Wants wants) {
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (wants == Wants::get ? reads : request.method == Method::post) return std::nullopt;
  const std::string allow = wants == Wants::get ? "GET, HEAD" : "POST";
  Response response = problem_response(405, fmt::format("{} takes {} only", request.target, allow));
  response.allow = allow;
  return response;
}

// The query's fields, each known and given once.
class Query {
 public:
  static Result<Query> parse(const Request& request, std::set<std::string_view> known) {
    std::set<std::string_view> seen;
    for (const QueryField& field : request.query) {
      if (!known.contains(field.name)) {
        return fail(fmt::format("unknown query field \"{}\"", field.name));
      }
      if (!seen.insert(field.name).second) {
        return fail(fmt::format("query field \"{}\" is given twice", field.name));
      }
    }
    return Query(request);
  }
  [[nodiscard]] const std::string* find(std::string_view name) const {
    for (const QueryField& field : request_->query) {
      if (field.name == name) return &field.value;
    }
    return nullptr;
  }

 private:
  explicit Query(const Request& request) : request_(&request) {}
  const Request* request_;
};

template <class State, std::size_t kCount>
std::string known_states(const State (&states)[kCount]) {
  std::string text;
  for (const State state : states) {
    text += text.empty() ? "" : ", ";
    text += core::name(state);
  }
  return text;
}

// ?timeout=D, beside ?until= alone.
Result<std::optional<core::Duration>> parse_timeout(const Query& query) {
  const std::string* timeout = query.find("timeout");
  if (timeout == nullptr) return std::nullopt;
  if (query.find("until") == nullptr) return fail("query field \"timeout\" needs \"until\"");
  const auto duration = parse_duration(*timeout);
  if (!duration) return fail("query field \"timeout\" must be a duration such as 60s");
  return *duration;
}

template <class State>
struct UntilParser {
  std::optional<State> (*parse)(std::string_view);
  std::string known;

  Result<std::optional<Until<State>>> operator()(const Query& query) const {
    const auto timeout = parse_timeout(query);
    if (!timeout) return tl::unexpected(timeout.error());
    const std::string* until = query.find("until");
    if (until == nullptr) return std::nullopt;
    const auto state = parse(*until);
    if (!state) return fail(fmt::format("unknown state \"{}\": there are {}", *until, known));
    return Until<State>{.state = *state, .timeout = *timeout};
  }
};

template <class Get, class Name, class State>
Routed get_until(const Request& request, Name name, const UntilParser<State>& parser) {
  const auto query = Query::parse(request, {"until", "timeout"});
  if (!query) return bad(query.error());
  auto until = parser(*query);
  if (!until) return bad(until.error());
  return Get{std::move(name), std::move(*until)};
}

// A GET without a query.
Routed get_plain(const Request& request, Command command) {
  if (auto query = Query::parse(request, {}); !query) return bad(query.error());
  return command;
}

// The query fields of logs that go on.
Status take_onward(const Query& query, GetGroupLogs& command) {
  if (const std::string* follow = query.find("follow")) {
    if (*follow != "1") return fail("query field \"follow\" must be 1");
    command.follow = GetGroupLogs::Follow::yes;
  }
  if (const std::string* since = query.find("since")) {
    if (!parse_time(*since)) return fail("query field \"since\" must be a time of RFC 3339");
    command.since = *since;
  }
  if (const std::string* stream = query.find("stream")) {
    if (*stream != "stdout" && *stream != "stderr")
      return fail("query field \"stream\" must be stdout or stderr");
    command.only = *stream == "stdout" ? GetGroupLogs::Only::out : GetGroupLogs::Only::err;
  }
  if (const std::string* after = query.find("after")) {
    if (command.follow == GetGroupLogs::Follow::no)
      return fail("query field \"after\" goes with follow=1 alone");
    auto places = parse_log_places(*after);
    if (!places) return fail("query field \"after\" must be places, as lines have them");
    command.after = std::move(*places);
  }
  return {};
}

Routed get_logs(const Request& request, GroupName group) {
  const auto query =
      Query::parse(request, {"lines", "worker", "follow", "since", "stream", "after"});
  if (!query) return bad(query.error());
  GetGroupLogs command{.group = std::move(group)};
  if (const std::string* text = query->find("lines")) {
    const auto lines = to_number_within<int>(*text, 0, kMaxLogLines);
    if (!lines)
      return bad({.message = fmt::format("query field \"lines\" must be 0 to {}", kMaxLogLines)});
    command.lines = *lines;
  }
  if (const std::string* worker = query->find("worker")) {
    command.worker = to_number_within<int>(*worker, 1, std::numeric_limits<int>::max());
    if (!command.worker) return refuse(400, "query field \"worker\" must be a worker's number");
  }
  if (const Status onward = take_onward(*query, command); !onward) return bad(onward.error());
  return command;
}

std::optional<Action> parse_action(std::string_view text) {
  for (const Action action : {Action::start, Action::stop, Action::restart}) {
    if (text == name(action)) return action;
  }
  return std::nullopt;
}

template <class Act, class Name>
Routed act(const Request& request, Name target, Action action) {
  auto body = parse_action_request(request.body,
                                   action == Action::restart ? NowField::known : NowField::unknown);
  if (!body) return bad(body.error());
  return Act{std::move(target), action, *body};
}

template <class Signal, class Name>
Routed send_signal(const Request& request, Name target) {
  auto body = parse_signal_request(request.body);
  if (!body) return bad(body.error());
  return Signal{std::move(target), *body};
}

template <class Reload, class Name>
Routed reload(const Request& request, Name target) {
  if (auto body = parse_immediate_request(request.body); !body) return bad(body.error());
  return Reload{std::move(target)};
}

// `start`, `stop`, `restart`, `signal`, `reload` below a group or a worker; nothing: none of these.
template <class Act, class Signal, class Reload, class Name>
std::optional<Routed> route_post(const Request& request, const Name& target) {
  const std::string& verb = request.segments[3];
  const auto action = parse_action(verb);
  if (!action && verb != "signal" && verb != "reload") return std::nullopt;
  if (auto response = check_method(request, Wants::post)) return tl::unexpected(*response);
  if (auto query = Query::parse(request, {}); !query) return bad(query.error());
  if (action) return act<Act>(request, target, *action);
  if (verb == "reload") return reload<Reload>(request, target);
  return send_signal<Signal>(request, target);
}

Routed route_hold(const Request& request, GroupName group, HoldAction action) {
  if (auto response = check_method(request, Wants::post)) return tl::unexpected(*response);
  if (auto query = Query::parse(request, {}); !query) return bad(query.error());
  if (auto body = parse_immediate_request(request.body); !body) return bad(body.error());
  return HoldGroup{.group = std::move(group), .action = action};
}

Routed route_group(const Request& request) {
  const std::string& text = request.segments[2];
  GroupName group;
  if (text != "self") {
    if (!core::is_group_name(text)) return refuse(404, fmt::format("no group \"{}\"", text));
    group = text;
  }
  std::string_view below;
  if (request.segments.size() == 4) below = request.segments[3];
  if (request.segments.size() == 4) {
    if (auto routed = route_post<ActOnGroup, SignalGroup, ReloadGroup>(request, group))
      return *routed;
    for (const HoldAction action : {HoldAction::hold, HoldAction::release}) {
      if (below == name(action)) return route_hold(request, group, action);
    }
    if (below != "pids" && below != "logs" && below != "why") return no_such_path(request);
  }
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  if (below == "pids") return get_plain(request, GetGroupPids{group});
  if (below == "logs") return get_logs(request, group);
  if (below == "why") return get_plain(request, GetGroupWhy{group});
  static const UntilParser<core::GroupState> parser{core::parse_group_state,
                                                    known_states(core::kGroupStates)};
  return get_until<GetGroup>(request, group, parser);
}

Routed route_worker(const Request& request) {
  const std::string& text = request.segments[2];
  WorkerName worker;
  if (text != "self") {
    worker = core::parse_worker_ref(text);
    if (!worker) return refuse(404, fmt::format("no worker \"{}\"", text));
  }
  if (request.segments.size() == 4) {
    if (auto routed = route_post<ActOnWorker, SignalWorker, ReloadWorker>(request, worker))
      return *routed;
    if (request.segments[3] != "why") return no_such_path(request);
  }
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  if (request.segments.size() == 4) return get_plain(request, GetWorkerWhy{worker});
  static const UntilParser<core::WorkerState> parser{core::parse_worker_state,
                                                     known_states(core::kWorkerStates)};
  return get_until<GetWorker>(request, worker, parser);
}

Routed route_pid(const Request& request) {
  const auto pid = to_number_within<std::int64_t>(request.segments[2], 1, 1 << 22);
  if (!pid) return refuse(404, fmt::format("no process \"{}\"", request.segments[2]));
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  return get_plain(request, GetPid{*pid});
}

Routed route_roll(const Request& request) {
  const std::string& text = request.segments[2];
  const auto id =
      to_number_within<std::uint64_t>(text, 1, std::numeric_limits<std::uint64_t>::max());
  if (!id) return refuse(404, fmt::format("no roll \"{}\"", text));
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  const auto query = Query::parse(request, {"until", "timeout"});
  if (!query) return bad(query.error());
  const auto timeout = parse_timeout(*query);
  if (!timeout) return bad(timeout.error());
  GetRoll command{.id = *id, .until = std::nullopt};
  const std::string* until = query->find("until");
  if (until == nullptr) return command;
  if (*until != "done") {
    return refuse(400, fmt::format("a roll can be waited for until \"done\", not \"{}\"", *until));
  }
  command.until = UntilDone{.timeout = *timeout};
  return command;
}

Routed route_rolls(const Request& request) {
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  const auto query = Query::parse(request, {"mine", "after"});
  if (!query) return bad(query.error());
  GetRolls command;
  if (const std::string* mine = query->find("mine")) {
    if (*mine != "1") return refuse(400, "query field \"mine\" must be 1");
    command.whose = GetRolls::Whose::mine;
  }
  if (const std::string* after = query->find("after")) {
    const auto number =
        to_number_within<std::uint64_t>(*after, 0, std::numeric_limits<std::uint64_t>::max());
    if (!number) return refuse(400, "query field \"after\" must be a step's number");
    command.after = *number;
  }
  return command;
}

Routed route_events(const Request& request) {
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  const auto query = Query::parse(request, {"follow", "since", "group"});
  if (!query) return bad(query.error());
  GetEvents command;
  if (const std::string* follow = query->find("follow")) {
    if (*follow != "1") return refuse(400, "query field \"follow\" must be 1");
    command.follow = GetEvents::Follow::yes;
  }
  if (const std::string* since = query->find("since")) {
    command.since =
        to_number_within<std::uint64_t>(*since, 0, std::numeric_limits<std::uint64_t>::max());
    if (!command.since) return refuse(400, "query field \"since\" must be an event's id");
  }
  if (const std::string* group = query->find("group")) {
    if (*group != "self" && !core::is_group_name(*group)) {
      return refuse(404, fmt::format("no group \"{}\"", *group));
    }
    command.group = *group == "self" ? GroupName() : GroupName(*group);
  }
  return command;
}

Routed route_status(const Request& request) {
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  return get_plain(request, GetStatus{});
}

Routed route_doctor(const Request& request) {
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  return get_plain(request, GetDoctor{});
}

Routed route_metrics(const Request& request) {
  if (auto response = check_method(request, Wants::get)) return tl::unexpected(*response);
  return get_plain(request, GetMetrics{});
}

Routed route_apply(const Request& request) {
  if (auto response = check_method(request, Wants::post)) return tl::unexpected(*response);
  if (auto query = Query::parse(request, {}); !query) return bad(query.error());
  const auto body = parse_apply_request(request.body);
  if (!body) return bad(body.error());
  return Apply{.request = *body};
}

template <class Order>
Routed route_order(const Request& request) {
  if (auto response = check_method(request, Wants::post)) return tl::unexpected(*response);
  if (auto query = Query::parse(request, {}); !query) return bad(query.error());
  if (auto body = parse_empty_request(request.body); !body) return bad(body.error());
  return Order{};
}

}  // namespace

const char* name(Action action) {
  switch (action) {
    case Action::start:
      return "start";
    case Action::stop:
      return "stop";
    case Action::restart:
      return "restart";
  }
  std::abort();
}

const char* name(HoldAction action) {
  switch (action) {
    case HoldAction::hold:
      return "hold";
    case HoldAction::release:
      return "release";
  }
  std::abort();
}

Routed route(const Request& request) {
  const auto& path = request.segments;
  if (path.size() == 1 && path[0] == "metrics") return route_metrics(request);
  if (path.size() < 2 || path[0] != "v1") return no_such_path(request);
  if (path.size() == 2 && path[1] == "status") return route_status(request);
  if (path.size() == 2 && path[1] == "doctor") return route_doctor(request);
  if (path.size() == 2 && path[1] == "apply") return route_apply(request);
  if (path.size() == 2 && path[1] == "shutdown") return route_order<Shutdown>(request);
  if (path.size() == 2 && path[1] == "upgrade") return route_order<Upgrade>(request);
  if (path.size() == 2 && path[1] == "events") return route_events(request);
  if (path.size() == 2 && path[1] == "rolls") return route_rolls(request);
  if (path.size() == 3 && path[1] == "logs" && path[2] == "reopen")
    return route_order<ReopenLogs>(request);
  if (path.size() == 3 && path[1] == "pids") return route_pid(request);
  if (path.size() == 3 && path[1] == "rolls") return route_roll(request);
  if (path.size() == 3 || path.size() == 4) {
    if (path[1] == "groups") return route_group(request);
    if (path[1] == "workers") return route_worker(request);
  }
  return no_such_path(request);
}

}  // namespace superd::wire
