#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "logs/protocol.h"

// Reading JSON of unknown shape, for the two protocol_*.cc files and json_line.cc: every answer
// says whether the field was there and of the right type; nothing throws.
namespace superd::logs {

using Json = nlohmann::json;

// Room for what surrounds a list in a message, and for the longest element that may be added last.
inline constexpr std::size_t kListSpace = kMaxMessage - std::size_t{1024};

// Invalid UTF-8 becomes U+FFFD.
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// For an enum class over an unsigned integer; by itself nlohmann would make it a signed number.
template <class T>
std::underlying_type_t<T> number(T id) {
  return static_cast<std::underlying_type_t<T>>(id);
}

// The message as an object; nothing where it is none.
inline std::optional<Json> parse_object(std::string_view message) {
  Json json = Json::parse(message, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

// Collects whether everything that was asked for was there.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  [[nodiscard]] bool ok() const { return ok_; }

  std::string text(const char* key) {
    const Json* value = find(key);
    if (value == nullptr || !value->is_string()) return miss(std::string());
    return value->get<std::string>();
  }
  // Also for enum classes over integers.
  template <class T>
  T number(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return miss(T{});
    const std::optional<T> number = as_number<T>(*value);
    return number ? *number : miss(T{});
  }
  // False where the key is missing.
  bool flag(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return false;
    if (!found->is_boolean()) return miss(false);
    return found->get<bool>();
  }
  // An empty array where it is missing or none.
  const Json& list(const char* key) {
    static const Json kEmpty = Json::array();
    const Json* value = find(key);
    if (value == nullptr || !value->is_array()) return miss<const Json&>(kEmpty);
    return *value;
  }
  // An empty object where it is missing or none.
  const Json& object(const char* key) {
    static const Json kEmpty = Json::object();
    const Json* value = find(key);
    if (value == nullptr || !value->is_object()) return miss<const Json&>(kEmpty);
    return *value;
  }
  // Marks the whole as unusable.
  template <class T>
  T miss(T instead) {
    ok_ = false;
    return instead;
  }

  // Whole, not negative, and within T.
  template <class T>
  static std::optional<T> as_number(const Json& value) {
    if (!value.is_number_unsigned()) return std::nullopt;
    const auto number = value.get<std::uint64_t>();
    if (number > limit<T>()) return std::nullopt;
    return static_cast<T>(number);
  }

 private:
  template <class T>
  static constexpr std::uint64_t limit() {
    if constexpr (std::is_enum_v<T>) {
      return limit<std::underlying_type_t<T>>();
    } else {
      return static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    }
  }
  const Json* find(const char* key) {
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  bool ok_ = true;
};

inline Stream take_stream(Fields& fields, const char* key) {
  const std::string text = fields.text(key);
  for (const Stream stream : {Stream::out, Stream::err, Stream::both}) {
    if (name(stream) == text) return stream;
  }
  return fields.miss(Stream::both);
}

}  // namespace superd::logs
