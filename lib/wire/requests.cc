#include "wire/requests.h"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "wire/json.h"

namespace superd::wire {
namespace {

using Json = nlohmann::json;

// A flat JSON object without repeated fields.
Result<Json> parse_object(std::string_view body) {
  if (body.empty()) return Json::object();
  std::set<std::string> seen;
  std::string repeated;
  const auto note_keys = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth == 1 && event == Json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!seen.insert(key).second) repeated = key;
    }
    return true;
  };
  Json object = Json::parse(body.begin(), body.end(), note_keys, false);
  if (object.is_discarded()) return fail("the body is not valid JSON");
  if (!object.is_object()) return fail("the body must be a JSON object");
  if (!repeated.empty()) return fail(fmt::format("field \"{}\" is given twice", repeated));
  return object;
}

// Takes the fields out of an object one by one; whatever is left is unknown.
class Body {
 public:
  explicit Body(Json object) : object_(std::move(object)) {}

  Result<std::optional<bool>> flag(const char* name) {
    const auto value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_boolean()) return fail(fmt::format("field \"{}\" must be true or false", name));
    return value->get<bool>();
  }
  // A number stands for itself in decimal.
  Result<std::optional<std::string>> text(const char* name, const char* wanted) {
    const auto value = take(name);
    if (!value) return std::nullopt;
    if (value->is_number_unsigned()) return std::to_string(value->get<std::uint64_t>());
    if (!value->is_string()) return fail(fmt::format("field \"{}\" must be {}", name, wanted));
    return value->get<std::string>();
  }
  [[nodiscard]] Status nothing_left(std::string_view known) const {
    if (object_.empty()) return {};
    return fail(fmt::format("unknown field \"{}\": {}", object_.begin().key(), known));
  }

 private:
  std::optional<Json> take(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return std::nullopt;
    Json value = std::move(*found);
    object_.erase(found);
    return value;
  }

  Json object_;
};

// `wait` and `timeout`.
template <class Waiting>
Status read_waiting(Body& body, Waiting& request) {
  const auto wait = body.flag("wait");
  if (!wait) return tl::unexpected(wait.error());
  if (*wait) request.wait = **wait ? Wait::until_done : Wait::no;
  constexpr const char* kWanted = "a duration such as \"60s\"";
  auto text = body.text("timeout", kWanted);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return {};
  auto timeout = parse_duration(**text);
  if (!timeout) return fail(fmt::format("field \"timeout\" must be {}", kWanted));
  request.timeout = *timeout;
  return {};
}

}  // namespace

Result<ActionRequest> parse_action_request(std::string_view text, NowField now) {
  auto object = parse_object(text);
  if (!object) return tl::unexpected(object.error());
  Body body(std::move(*object));
  ActionRequest request;
  if (auto status = read_waiting(body, request); !status) return tl::unexpected(status.error());
  if (now == NowField::known) {
    const auto at_once = body.flag("now");
    if (!at_once) return tl::unexpected(at_once.error());
    if (*at_once == true) request.pace = Pace::at_once;
  }
  const auto left =
      body.nothing_left(now == NowField::known ? "there are \"wait\", \"timeout\" and \"now\""
                                               : "there are \"wait\" and \"timeout\"");
  if (!left) return tl::unexpected(left.error());
  return request;
}

Status parse_immediate_request(std::string_view text) {
  const auto request = parse_action_request(text, NowField::unknown);
  if (!request) return tl::unexpected(request.error());
  return {};
}

Result<SignalRequest> parse_signal_request(std::string_view text) {
  auto object = parse_object(text);
  if (!object) return tl::unexpected(object.error());
  Body body(std::move(*object));
  const auto name = body.text("signal", "the name of a signal, such as \"HUP\"");
  if (!name) return tl::unexpected(name.error());
  if (!*name) return fail("field \"signal\" is missing: the name of a signal, such as \"HUP\"");
  const auto all = body.flag("all");
  if (!all) return tl::unexpected(all.error());
  ActionRequest unused;
  if (auto status = read_waiting(body, unused); !status) return tl::unexpected(status.error());
  const auto left = body.nothing_left("there are \"signal\", \"all\", \"wait\" and \"timeout\"");
  if (!left) return tl::unexpected(left.error());
  const auto signal = parse_signal(**name);
  if (!signal) return fail(fmt::format("field \"signal\": {}", signal.error().message));
  return SignalRequest{.signal = *signal, .reach = *all == true ? Reach::whole_tree : Reach::main};
}

Result<ApplyRequest> parse_apply_request(std::string_view text) {
  auto object = parse_object(text);
  if (!object) return tl::unexpected(object.error());
  Body body(std::move(*object));
  ApplyRequest request;
  const auto dry_run = body.flag("dry_run");
  if (!dry_run) return tl::unexpected(dry_run.error());
  request.dry_run = *dry_run == true;
  if (auto status = read_waiting(body, request); !status) return tl::unexpected(status.error());
  if (auto left = body.nothing_left("there are \"dry_run\", \"wait\" and \"timeout\""); !left) {
    return tl::unexpected(left.error());
  }
  return request;
}

Status parse_empty_request(std::string_view text) {
  auto object = parse_object(text);
  if (!object) return tl::unexpected(object.error());
  return Body(std::move(*object)).nothing_left("this request takes none");
}

std::string to_text(const ActionRequest& request) {
  nlohmann::ordered_json body = nlohmann::ordered_json::object();
  if (request.wait) body["wait"] = *request.wait == Wait::until_done;
  if (request.timeout) body["timeout"] = print_duration(*request.timeout);
  if (request.pace == Pace::at_once) body["now"] = true;
  return to_text(body);
}

std::string to_text(const ApplyRequest& request) {
  nlohmann::ordered_json body = nlohmann::ordered_json::object();
  if (request.dry_run) body["dry_run"] = true;
  if (request.wait) body["wait"] = *request.wait == Wait::until_done;
  if (request.timeout) body["timeout"] = print_duration(*request.timeout);
  return to_text(body);
}

std::string to_text(const SignalRequest& request) {
  nlohmann::ordered_json body = {{"signal", signal_name(request.signal)}};
  if (request.reach == Reach::whole_tree) body["all"] = true;
  return to_text(body);
}

}  // namespace superd::wire
