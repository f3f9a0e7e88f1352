#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

// How the journal writes what nlohmann does not know: an absent optional is null, a duration its
// nanoseconds, a time point those since its clock's epoch, a bitset its digits. Of no use outside
// of this folder.
namespace nlohmann {

template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    if (value) {
      j = *value;
    } else {
      j = nullptr;
    }
  }
  static void from_json(const json& j, std::optional<T>& value) {
    value.reset();
    if (!j.is_null()) value = j.get<T>();
  }
};

template <class Rep, class Period>
struct adl_serializer<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static void to_json(json& j, const Duration& value) { j = value.count(); }
  static void from_json(const json& j, Duration& value) { value = Duration(j.get<Rep>()); }
};

template <class Clock, class Duration>
struct adl_serializer<std::chrono::time_point<Clock, Duration>> {
  using Point = std::chrono::time_point<Clock, Duration>;
  static void to_json(json& j, const Point& value) { j = value.time_since_epoch().count(); }
  static void from_json(const json& j, Point& value) {
    value = Point(Duration(j.get<typename Duration::rep>()));
  }
};

template <std::size_t size>
struct adl_serializer<std::bitset<size>> {
  static void to_json(json& j, const std::bitset<size>& value) { j = value.to_string(); }
  static void from_json(const json& j, std::bitset<size>& value) {
    value = std::bitset<size>(j.get<std::string>());
  }
};

}  // namespace nlohmann

namespace superd::journal {

// One line; bytes that are not UTF-8 become U+FFFD.
inline std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace superd::journal
