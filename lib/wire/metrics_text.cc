#include "wire/metrics_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

namespace superd::wire {
namespace {

const char* name(MetricsText::Type type) {
  switch (type) {
    case MetricsText::Type::counter:
      return "counter";
    case MetricsText::Type::gauge:
      return "gauge";
    case MetricsText::Type::histogram:
      return "histogram";
  }
  std::abort();
}

// The bytes of the character at the start; 0: it is no UTF-8.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong, surrogates, beyond the last.
  if (byte(0) == 0xe0 && byte(1) < 0xa0) return 0;
  if (byte(0) == 0xed && byte(1) > 0x9f) return 0;
  if (byte(0) == 0xf0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

enum class Quotes { plain, escaped };
std::string escape(std::string_view text, Quotes quotes) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character(text);
    if (size == 0) {
      out += "\xef\xbf\xbd";
    } else if (text[0] == '\\') {
      out += "\\\\";
    } else if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '"' && quotes == Quotes::escaped) {
      out += "\\\"";
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

void Histogram::observe(double seconds, std::span<const double> bounds) {
  counts.resize(bounds.size() + 1);
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  ++counts[static_cast<std::size_t>(at - bounds.begin())];
  sum += seconds;
}

std::uint64_t Histogram::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void MetricsText::family(std::string_view family_name, Type type, std::string_view help) {
  series_.clear();
  heading_.clear();
  family_.clear();
  if (!families_.emplace(family_name).second) return;
  family_ = family_name;
  heading_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", family_, escape(help, Quotes::plain),
                         family_, name(type));
}

void MetricsText::sample(const Labels& labels, double value) { line("", labels, number(value)); }

void MetricsText::sample(const Labels& labels, std::uint64_t value) {
  line("", labels, std::to_string(value));
}

void MetricsText::sample(const Labels& labels, const Histogram& histogram,
                         std::span<const double> bounds) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (i < histogram.counts.size()) below += histogram.counts[i];
    Labels bucket = labels;
    bucket.emplace_back("le", number(bounds[i]));
    line("_bucket", bucket, std::to_string(below));
  }
  Labels all = labels;
  all.emplace_back("le", "+Inf");
  line("_bucket", all, std::to_string(histogram.count()));
  line("_sum", labels, number(histogram.sum));
  line("_count", labels, std::to_string(histogram.count()));
}

void MetricsText::line(std::string_view suffix, const Labels& labels, const std::string& value) {
  if (family_.empty()) return;
  std::string series = fmt::format("{}{}", family_, suffix);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    series += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first,
                          escape(labels[i].second, Quotes::escaped));
  }
  if (!labels.empty()) series += '}';
  if (!series_.insert(series).second) return;
  text_ += std::exchange(heading_, {});
  text_ += fmt::format("{} {}\n", series, value);
}

std::string MetricsText::take() { return std::move(text_); }

}  // namespace superd::wire
