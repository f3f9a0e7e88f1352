#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/spec.h"

// The bodies of POST requests. An empty body is `{}`. Decoding is strict, so that a misspelt option
// is never silently ignored: an unknown or repeated field, a wrong type or a value out of range is
// an error that names the field and what would be right.
namespace superd::wire {

enum class Wait { until_done, no };
enum class Pace { in_turn, at_once };

// The body of start, stop and restart: {"wait":true,"timeout":"60s","now":false}
struct ActionRequest {
  // Nothing, the field being absent: until done, or not at all where the work ends the process that
  // asks.
  std::optional<Wait> wait{};
  std::optional<core::Duration> timeout{};  // how long to wait for the answer; nothing: for ever
  Pace pace = Pace::in_turn;                // field `now`, restart alone: all workers at once
};

enum class Reach { main, whole_tree };

// The body of signal: {"signal":"HUP","all":false}
struct SignalRequest {
  int signal = 0;
  Reach reach = Reach::main;
};

// The body of apply: {"dry_run":true,"wait":true,"timeout":"60s"}
struct ApplyRequest {
  bool dry_run = false;
  std::optional<Wait> wait{};
  std::optional<core::Duration> timeout{};
};

enum class NowField { known, unknown };

Result<ActionRequest> parse_action_request(std::string_view body, NowField now);
Result<SignalRequest> parse_signal_request(std::string_view body);
Result<ApplyRequest> parse_apply_request(std::string_view body);
// Of what is done when it is answered, whether anybody waits or not: `wait` and `timeout` are
// understood, as for every act on a group, and make no difference. parse_signal_request() does so.
Status parse_immediate_request(std::string_view body);
// Of a request that takes no options.
Status parse_empty_request(std::string_view body);

// The client's side.
std::string to_text(const ActionRequest& request);
std::string to_text(const SignalRequest& request);
std::string to_text(const ApplyRequest& request);

}  // namespace superd::wire
