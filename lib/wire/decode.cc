#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wire/fields.h"
#include "wire/json.h"

namespace superd::wire {
namespace {

using Json = nlohmann::json;

// Fills values and remembers the first thing that did not fit, with its path.
class Decoder {
 public:
  void fill(const Json& json, std::string& out);
  void fill(const Json& json, bool& out);
  void fill(const Json& json, Role& out) { fill_word(json, {Role::main, Role::child}, out); }
  void fill(const Json& json, Verdict& out) {
    fill_word(json, {Verdict::done, Verdict::failed, Verdict::timed_out, Verdict::superseded}, out);
  }
  template <std::integral Number>
  void fill(const Json& json, Number& out);
  template <class Value>
  void fill(const Json& json, std::optional<Value>& out);
  template <class Value>
  void fill(const Json& json, std::vector<Value>& out);
  template <class View>
  requires std::is_class_v<View>
  void fill(const Json& json, View& out);

  template <class Value>
  void field(const Json& object, const char* name, Value& out);
  [[nodiscard]] Status status() const { return status_; }

 private:
  template <class Word>
  void fill_word(const Json& json, std::initializer_list<Word> words, Word& out);
  void expected(const char* what);

  std::string path_;
  Status status_;
};

// The visitor that fields() wants.
class FieldFiller {
 public:
  FieldFiller(Decoder& decoder, const Json& object) : decoder_(decoder), object_(object) {}
  template <class Value>
  void operator()(const char* name, Value& out) {
    decoder_.field(object_, name, out);
  }
  template <class Value>
  void optional(const char* name, Value& out) {
    decoder_.field(object_, name, out);
  }

 private:
  Decoder& decoder_;
  const Json& object_;
};

void Decoder::expected(const char* what) {
  if (!status_) return;
  status_ = fail(path_.empty() ? fmt::format("{} expected", what)
                               : fmt::format("{}: {} expected", path_, what));
}

void Decoder::fill(const Json& json, std::string& out) {
  if (!json.is_string()) return expected("a string");
  out = json.get_ref<const std::string&>();
}

void Decoder::fill(const Json& json, bool& out) {
  if (!json.is_boolean()) return expected("true or false");
  out = json.get<bool>();
}

template <std::integral Number>
void Decoder::fill(const Json& json, Number& out) {
  if (!json.is_number_integer()) return expected("a whole number");
  const bool fits = json.is_number_unsigned() ? std::in_range<Number>(json.get<std::uint64_t>())
                                              : std::in_range<Number>(json.get<std::int64_t>());
  if (!fits) return expected("a number in range");
  out = json.get<Number>();
}

template <class Word>
void Decoder::fill_word(const Json& json, std::initializer_list<Word> words, Word& out) {
  std::string text;
  fill(json, text);
  for (const Word word : words) {
    if (text == name(word)) out = word;
  }
  if (text != name(out)) expected("a known word");
}

template <class Value>
void Decoder::fill(const Json& json, std::optional<Value>& out) {
  out.reset();
  if (!json.is_null()) fill(json, out.emplace());
}

template <class Value>
void Decoder::fill(const Json& json, std::vector<Value>& out) {
  if (!json.is_array()) return expected("a list");
  out.clear();
  for (std::size_t i = 0; i < json.size() && status_; ++i) {
    const std::size_t length = path_.size();
    path_ += fmt::format("[{}]", i);
    fill(json[i], out.emplace_back());
    path_.resize(length);
  }
}

template <class View>
requires std::is_class_v<View>
void Decoder::fill(const Json& json, View& out) {
  if (!json.is_object()) return expected("an object");
  FieldFiller filler(*this, json);
  fields(out, filler);
}

template <class Value>
void Decoder::field(const Json& object, const char* name, Value& out) {
  const auto found = object.find(name);
  if (found == object.end() || !status_) return;
  const std::size_t length = path_.size();
  path_ += path_.empty() ? "" : ".";
  path_ += name;
  fill(*found, out);
  path_.resize(length);
}

}  // namespace

template <class T>
Result<T> from_text(std::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return fail("not valid JSON");
  T view;
  Decoder decoder;
  decoder.fill(json, view);
  if (auto status = decoder.status(); !status) return tl::unexpected(status.error());
  return view;
}

template Result<StatusView> from_text(std::string_view text);
template Result<GroupView> from_text(std::string_view text);
template Result<WorkerView> from_text(std::string_view text);
template Result<PidsView> from_text(std::string_view text);
template Result<PidView> from_text(std::string_view text);
template Result<OutcomeView> from_text(std::string_view text);
template Result<ApplyView> from_text(std::string_view text);
template Result<AcceptedView> from_text(std::string_view text);
template Result<RollView> from_text(std::string_view text);
template Result<RollsView> from_text(std::string_view text);
template Result<HistoryView> from_text(std::string_view text);
template Result<OccurrenceView> from_text(std::string_view text);
template Result<DoctorView> from_text(std::string_view text);
template Result<LogLine> from_text(std::string_view text);
template Result<Problem> from_text(std::string_view text);

}  // namespace superd::wire
