#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "logs/protocol.h"
#include "logs/protocol_json.h"

namespace superd::logs {
namespace {

// Every byte of a text may become six (\u0000).
constexpr std::size_t kMaxText = std::size_t{8} * 1024;
constexpr std::size_t kSpawnsAMessage = 2000;

// At most kMaxText bytes from the front of the text, not ending within a character of UTF-8.
std::string_view take_front(std::string_view& text) {
  std::size_t size = std::min(text.size(), kMaxText);
  const auto inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  for (int back = 0; back < 3 && inside(size); ++back) --size;
  const std::string_view front = text.substr(0, size);
  text.remove_prefix(size);
  return front;
}

std::vector<std::string> encode_captures(const Captures& captures) {
  std::vector<std::string> messages;
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(at + kSpawnsAMessage, captures.spawns.size());
    Json::array_t spawns;
    for (; at < end; ++at) spawns.emplace_back(number(captures.spawns[at]));
    messages.push_back(dump({{"op", "captures"},
                             {"request", number(captures.request)},
                             {"spawns", std::move(spawns)},
                             {"more", captures.more || end < captures.spawns.size()}}));
  } while (at < captures.spawns.size());
  return messages;
}

// Puts lines into as few messages as the limit allows.
class LinesEncoder {
 public:
  explicit LinesEncoder(const Lines& lines) : request_(lines.request), joined_(lines.joined) {}

  void add(const Line& line) {
    std::string_view rest = line.text;
    add(line, take_front(rest));
    while (!rest.empty()) {
      flush(true);
      joined_ = true;
      add(line, take_front(rest));
    }
  }
  std::vector<std::string> finish(bool more) {
    flush(more);
    return std::move(messages_);
  }

 private:
  void add(const Line& line, std::string_view text) {
    Json json = {{"worker", line.worker},
                 {"time", line.time},
                 {"stream", name(line.stream)},
                 {"text", text}};
    if (line.place) {
      json["file"] = line.place->file;
      json["offset"] = line.place->offset;
    }
    if (line.note != Note::none) json["note"] = name(line.note);
    const std::string element = dump(json);
    if (!list_.empty() && list_.size() + element.size() + 1 > kListSpace) flush(true);
    if (!list_.empty()) list_ += ',';
    list_ += element;
  }
  void flush(bool more) {
    messages_.push_back(
        fmt::format(R"({{"op":"lines","request":{},"joined":{},"more":{},"lines":[{}]}})",
                    number(request_), joined_, more, list_));
    list_.clear();
    joined_ = false;
  }

  RequestId request_;
  bool joined_;
  std::string list_;
  std::vector<std::string> messages_;
};

std::vector<std::string> encode_lines(const Lines& lines) {
  LinesEncoder encoder(lines);
  for (const Line& line : lines.lines) encoder.add(line);
  return encoder.finish(lines.more);
}

Note take_note(Fields& line) {
  const std::string text = line.text("note");
  for (const Note note : std::array{Note::missed, Note::more, Note::reached}) {
    if (name(note) == text) return note;
  }
  return line.miss(Note::none);
}

Result<Answer> take_lines(Fields& fields) {
  Lines lines{.request = fields.number<RequestId>("request"),
              .lines = {},
              .joined = fields.flag("joined"),
              .more = fields.flag("more")};
  for (const Json& element : fields.list("lines")) {
    if (!element.is_object()) return fail("a line is no object");
    Fields line(element);
    lines.lines.push_back({.worker = line.text("worker"),
                           .time = line.text("time"),
                           .stream = take_stream(line, "stream"),
                           .text = line.text("text")});
    Line& taken = lines.lines.back();
    if (element.contains("note")) taken.note = take_note(line);
    if (element.contains("file")) {
      taken.place = Place{.file = line.number<std::uint64_t>("file"),
                          .offset = line.number<std::uint64_t>("offset")};
    }
    if (!line.ok()) return fail("a line misses a field");
  }
  return Answer(std::move(lines));
}

std::string encode_spawn(const char* op, core::SpawnId spawn) {
  return dump({{"op", op}, {"spawn", number(spawn)}});
}

Result<Answer> take_captures(Fields& fields) {
  Captures captures{
      .request = fields.number<RequestId>("request"), .spawns = {}, .more = fields.flag("more")};
  for (const Json& element : fields.list("spawns")) {
    const auto spawn = Fields::as_number<core::SpawnId>(element);
    if (!spawn) return fail("a spawn is no number");
    captures.spawns.push_back(*spawn);
  }
  return Answer(std::move(captures));
}

std::string encode_counted(const Counted& counted) {
  return dump({{"op", "counted"},
               {"logger", counted.logger},
               {"group", counted.group},
               {"bytes", counted.counts.bytes},
               {"lines", counted.counts.lines},
               {"dropped", counted.counts.dropped}});
}

Counted take_counted(Fields& fields) {
  return {.logger = fields.number<std::uint64_t>("logger"),
          .group = fields.text("group"),
          .counts = {.bytes = fields.number<std::uint64_t>("bytes"),
                     .lines = fields.number<std::uint64_t>("lines"),
                     .dropped = fields.number<std::uint64_t>("dropped")}};
}

Result<Answer> take_answer(const std::string& op, Fields& fields) {
  if (op == "lines") return take_lines(fields);
  if (op == "captures") return take_captures(fields);
  if (op == "matched") return Matched{.spawn = fields.number<core::SpawnId>("spawn")};
  if (op == "finished") return Finished{.spawn = fields.number<core::SpawnId>("spawn")};
  if (op == "counted") return take_counted(fields);
  if (op == "missed") return Missed{};
  return fail("the answer is unknown");
}

}  // namespace

std::vector<std::string> encode(const Answer& answer) {
  if (const Captures* captures = std::get_if<Captures>(&answer)) return encode_captures(*captures);
  if (const Matched* matched = std::get_if<Matched>(&answer))
    return {encode_spawn("matched", matched->spawn)};
  if (const Finished* finished = std::get_if<Finished>(&answer))
    return {encode_spawn("finished", finished->spawn)};
  if (const Counted* counted = std::get_if<Counted>(&answer)) return {encode_counted(*counted)};
  if (std::holds_alternative<Missed>(answer)) return {dump({{"op", "missed"}})};
  return encode_lines(std::get<Lines>(answer));
}

Result<Answer> decode_answer(std::string_view message) {
  const std::optional<Json> json = parse_object(message);
  if (!json) return fail("an answer is no JSON object");
  Fields fields(*json);
  const std::string op = fields.text("op");
  Result<Answer> answer = take_answer(op, fields);
  if (answer && !fields.ok()) return fail("a field is missing or mistyped in " + op);
  return answer;
}

}  // namespace superd::logs
