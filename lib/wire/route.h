#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "core/spec.h"
#include "core/state.h"
#include "core/worker_ref.h"
#include "wire/http_codec.h"
#include "wire/log_place.h"
#include "wire/requests.h"

// Which command a request is: pure, and closed. Whether the group exists and whether the peer may
// is not decided here.
namespace superd::wire {

// The group of a path; nothing: `self`, the group of the worker that asks.
using GroupName = std::optional<std::string>;
// The worker of a path; nothing: `self`, the worker that asks.
using WorkerName = std::optional<core::WorkerRef>;

inline constexpr int kDefaultLogLines = 20;
inline constexpr int kMaxLogLines = 10000;

// ?until=STATE&timeout=D: the answer waits until the state is reached; when the time is over it is
// the state as it is then.
template <class State>
struct Until {
  State state{};
  std::optional<core::Duration> timeout{};  // nothing: for ever
};

// ?until=done&timeout=D of a roll.
struct UntilDone {
  std::optional<core::Duration> timeout{};
};

enum class Action { start, stop, restart };
const char* name(Action action);

struct GetStatus {};
struct GetDoctor {};
struct GetGroup {
  GroupName group{};
  std::optional<Until<core::GroupState>> until{};
};
struct GetWorker {
  WorkerName worker{};
  std::optional<Until<core::WorkerState>> until{};
};
struct GetGroupPids {
  GroupName group{};
};
struct GetPid {
  std::int64_t pid = 0;
};
struct GetGroupLogs {
  GroupName group{};
  int lines = kDefaultLogLines;  // ?lines=N, 0 … kMaxLogLines
  std::optional<int> worker{};   // ?worker=N: the lines of that one alone
  enum class Follow { no, yes };
  Follow follow = Follow::no;          // ?follow=1
  std::optional<std::string> since{};  // ?since=TIME, RFC 3339: all lines from there on
  enum class Only { both, out, err };
  Only only = Only::both;  // ?stream=stdout or stderr
  // ?after=PLACE,PLACE…, with follow: go on there; a worker without a place by `since`.
  std::vector<LogPlace> after{};
};
struct GetGroupWhy {
  GroupName group{};
};
struct GetWorkerWhy {
  WorkerName worker{};
};
struct GetEvents {
  enum class Follow { no, yes };
  Follow follow = Follow::no;            // ?follow=1
  std::optional<std::uint64_t> since{};  // ?since=ID
  std::optional<GroupName> group{};      // ?group=NAME or self
};
struct GetRoll {
  std::uint64_t id = 0;
  std::optional<UntilDone> until{};
};
struct GetRolls {
  // ?mine=1: those that the process at the other end asked for and that go on.
  enum class Whose { everybodys, mine };
  Whose whose = Whose::everybodys;
  std::uint64_t after = 0;  // ?after=N: only steps with a higher number
};
struct ActOnGroup {
  GroupName group{};
  Action action = Action::start;
  ActionRequest request{};
};
struct ActOnWorker {
  WorkerName worker{};
  Action action = Action::start;
  ActionRequest request{};
};
struct SignalGroup {
  GroupName group{};
  SignalRequest request{};
};
struct SignalWorker {
  WorkerName worker{};
  SignalRequest request{};
};
// The group's reload_signal.
struct ReloadGroup {
  GroupName group{};
};
struct ReloadWorker {
  WorkerName worker{};
};
enum class HoldAction { hold, release };
const char* name(HoldAction action);
struct HoldGroup {
  GroupName group{};
  HoldAction action = HoldAction::hold;
};
struct GetMetrics {};
struct Apply {
  ApplyRequest request{};
};
struct Upgrade {};
// Opens the log files anew, of all groups.
struct ReopenLogs {};
struct Shutdown {};

using Command =
    std::variant<GetStatus, GetDoctor, GetGroup, GetWorker, GetGroupPids, GetPid, GetGroupLogs,
                 GetGroupWhy, GetWorkerWhy, GetEvents, GetRoll, GetRolls, GetMetrics, ActOnGroup,
                 ActOnWorker, SignalGroup, SignalWorker, ReloadGroup, ReloadWorker, HoldGroup,
                 Apply, Upgrade, ReopenLogs, Shutdown>;

// The command, or the answer that refuses it: 404 for a path or a name that cannot be, 405 with
// Allow, 400 for a query or a body that is wrong (it names the field).
tl::expected<Command, Response> route(const Request& request);

}  // namespace superd::wire
