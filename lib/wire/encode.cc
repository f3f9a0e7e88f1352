#include <type_traits>

#include <nlohmann/json.hpp>

#include "wire/fields.h"
#include "wire/json.h"

namespace superd::wire {
namespace {

// Keeps the order of the fields; JSON that comes from outside is never put into one of these, for
// its insertion is linear.
using Json = nlohmann::ordered_json;

Json encode(Role role) { return name(role); }
Json encode(Verdict verdict) { return name(verdict); }
Json encode(const std::string& text) { return text; }
template <class Number>
requires std::is_arithmetic_v<Number> Json encode(Number number) { return number; }
template <class View>
requires std::is_class_v<View> Json encode(const View& view);
template <class Value>
Json encode(const std::vector<Value>& values);

template <class Value>
Json encode(const std::optional<Value>& value) {
  return value ? encode(*value) : Json(nullptr);
}

template <class Value>
Json encode(const std::vector<Value>& values) {
  Json array = Json::array();
  for (const Value& value : values) array.push_back(encode(value));
  return array;
}

class Encoder {
 public:
  template <class Value>
  void operator()(const char* name, const Value& value) {
    object.emplace(name, encode(value));
  }
  template <class Value>
  void optional(const char* name, const std::optional<Value>& value) {
    if (value) (*this)(name, *value);
  }

  Json object = Json::object();
};

template <class View>
requires std::is_class_v<View> Json encode(const View& view) {
  Encoder encoder;
  fields(view, encoder);
  return std::move(encoder.object);
}

template <class Value>
std::string dump(const Value& value) {
  return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

}  // namespace

std::string to_text(const nlohmann::json& value) { return dump(value); }
std::string to_text(const nlohmann::ordered_json& value) { return dump(value); }

std::string to_text(const StatusView& view) { return dump(encode(view)); }
std::string to_text(const GroupView& view) { return dump(encode(view)); }
std::string to_text(const WorkerView& view) { return dump(encode(view)); }
std::string to_text(const PidsView& view) { return dump(encode(view)); }
std::string to_text(const PidView& view) { return dump(encode(view)); }
std::string to_text(const OutcomeView& view) { return dump(encode(view)); }
std::string to_text(const ApplyView& view) { return dump(encode(view)); }
std::string to_text(const AcceptedView& view) { return dump(encode(view)); }
std::string to_text(const RollView& view) { return dump(encode(view)); }
std::string to_text(const RollsView& view) { return dump(encode(view)); }
std::string to_text(const HistoryView& view) { return dump(encode(view)); }
std::string to_text(const OccurrenceView& view) { return dump(encode(view)); }
std::string to_text(const DoctorView& view) { return dump(encode(view)); }
std::string to_text(const LogLine& line) { return dump(encode(line)); }
std::string to_text(const Problem& problem) { return dump(encode(problem)); }

std::string to_text(const std::vector<LogLine>& lines) {
  std::string text;
  for (const LogLine& line : lines) {
    text += to_text(line);
    text += '\n';
  }
  return text;
}

}  // namespace superd::wire
