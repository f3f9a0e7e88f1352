#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Metrics as Prometheus reads them, text format 0.0.4. Pure.
namespace superd::wire {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// How often something took how long, in seconds.
struct Histogram {
  std::vector<std::uint64_t> counts{};  // by bound, each without the smaller ones; last: above all
  double sum = 0;

  // `bounds` ascend, and are the same at every call.
  void observe(double seconds, std::span<const double> bounds);
  [[nodiscard]] std::uint64_t count() const;
  friend bool operator==(const Histogram&, const Histogram&) = default;
};

// A page, written from top to bottom. A family is given once and all its samples follow it; a
// sample that was given already, or that belongs to no family, is left out.
class MetricsText {
 public:
  enum class Type { counter, gauge, histogram };
  using Labels = std::vector<std::pair<std::string, std::string>>;  // name, value

  // `help`: one sentence; anything may be in it.
  void family(std::string_view name, Type type, std::string_view help);
  // Any bytes may be in a label's value; those that are no UTF-8 become U+FFFD.
  void sample(const Labels& labels, double value);
  void sample(const Labels& labels, std::uint64_t value);
  void sample(const Labels& labels, const Histogram& histogram, std::span<const double> bounds);

  // Families without a sample are left out.
  std::string take();

 private:
  void line(std::string_view suffix, const Labels& labels, const std::string& value);

  std::string text_;
  std::string family_;
  std::string heading_;  // of the family, until its first sample
  std::set<std::string> families_;
  std::set<std::string> series_;  // of the family
};

}  // namespace superd::wire
