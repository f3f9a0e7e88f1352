#include <cstdlib>
#include <type_traits>

#include "logs/protocol.h"
#include "logs/protocol_json.h"

namespace superd::logs {
namespace {

std::string_view name(core::LogFormat format) {
  switch (format) {
    case core::LogFormat::cri:
      return "cri";
    case core::LogFormat::raw:
      return "raw";
    case core::LogFormat::json:
      return "json";
  }
  std::abort();
}

core::LogFormat take_format(Fields& fields) {
  const std::string text = fields.text("format");
  if (text == "cri") return core::LogFormat::cri;
  if (text == "raw") return core::LogFormat::raw;
  if (text == "json") return core::LogFormat::json;
  return fields.miss(core::LogFormat::cri);
}

Json to_json(const Hello& hello) { return {{"op", "hello"}, {"request", number(hello.request)}}; }

Json to_json(const Capture& capture) {
  return {{"op", "capture"},
          {"spawn", number(capture.spawn)},
          {"worker", capture.worker},
          {"path", capture.path},
          {"format", name(capture.format)},
          {"max_size", capture.max_size},
          {"keep", capture.keep},
          {"compress", capture.compress},
          {"block", capture.overflow == core::LogOverflow::block},
          {"match", capture.match}};
}

Json to_json(const StopMatching& stop) {
  return {{"op", "stop_matching"}, {"spawn", number(stop.spawn)}};
}

Json to_json(const Finish& finish) { return {{"op", "finish"}, {"spawn", number(finish.spawn)}}; }

Json to_json(const Tail& tail) {
  return {{"op", "tail"},
          {"request", number(tail.request)},
          {"spawn", number(tail.spawn)},
          {"lines", tail.lines}};
}

Json to_json(const Sync& sync) { return {{"op", "sync"}, {"request", number(sync.request)}}; }

Json to_json(const LastLines& from) { return {{"lines", from.lines}}; }
Json to_json(const SinceTime& from) { return {{"time", from.time}}; }
Json to_json(const Place& from) { return {{"file", from.file}, {"offset", from.offset}}; }
Json to_json(const Reopen& reopen) {
  return {{"op", "reopen"}, {"request", number(reopen.request)}};
}

Json to_json(const Source& source) {
  return {{"worker", source.worker},
          {"path", source.path},
          {"format", name(source.format)},
          {"from", std::visit([](const auto& from) { return to_json(from); }, source.from)}};
}

From take_from(Fields& source) {
  const Json& json = source.object("from");
  Fields from(json);
  From taken = LastLines{};
  if (json.contains("time")) {
    taken = SinceTime{.time = from.text("time")};
  } else if (json.contains("file")) {
    taken = Place{.file = from.number<std::uint64_t>("file"),
                  .offset = from.number<std::uint64_t>("offset")};
  } else {
    taken = LastLines{.lines = from.number<int>("lines")};
  }
  return from.ok() ? taken : source.miss(taken);
}

// A path that is not UTF-8 would arrive as another one.
bool survives(const std::string& path) { return Json::parse(dump(Json(path))) == path; }

Result<std::string> encode_one(const Json& json) {
  std::string message = dump(json);
  if (message.size() > kMaxMessage) return fail("a request to the logger is too long");
  return message;
}

Result<std::vector<std::string>> encode_read(const Read& read) {
  std::vector<std::string> messages;
  Json::array_t sources;
  std::size_t size = 0;
  const auto flush = [&](bool more) {
    messages.push_back(dump({{"op", "read"},
                             {"request", number(read.request)},
                             {"sources", std::exchange(sources, {})},
                             {"lines", read.lines},
                             {"on", read.kind == Read::Kind::on},
                             {"only", name(read.only)},
                             {"more", more}}));
    size = 0;
  };
  for (const Source& source : read.sources) {
    if (!survives(source.path)) return fail("the path of a log file is not UTF-8");
    Json json = to_json(source);
    const std::size_t length = dump(json).size() + 1;
    if (length > kListSpace) return fail("the path of a log file is too long");
    if (size + length > kListSpace) flush(true);
    size += length;
    sources.push_back(std::move(json));
  }
  flush(false);
  return messages;
}

Result<Request> take_read(Fields& fields) {
  Read read{.request = fields.number<RequestId>("request"),
            .kind = fields.flag("on") ? Read::Kind::on : Read::Kind::last,
            .sources = {},
            .lines = fields.number<int>("lines"),
            .only = take_stream(fields, "only"),
            .more = fields.flag("more")};
  for (const Json& element : fields.list("sources")) {
    if (!element.is_object()) return fail("a source is no object");
    Fields source(element);
    read.sources.push_back({.worker = source.text("worker"),
                            .path = source.text("path"),
                            .format = take_format(source),
                            .from = take_from(source)});
    if (!source.ok()) return fail("a source misses a field");
  }
  return Request(std::move(read));
}

Result<Request> take_request(const std::string& op, Fields& fields) {
  if (op == "hello") return Hello{.request = fields.number<RequestId>("request")};
  if (op == "finish") return Finish{.spawn = fields.number<core::SpawnId>("spawn")};
  if (op == "stop_matching") return StopMatching{.spawn = fields.number<core::SpawnId>("spawn")};
  if (op == "sync") return Sync{.request = fields.number<RequestId>("request")};
  if (op == "reopen") return Reopen{.request = fields.number<RequestId>("request")};
  if (op == "read") return take_read(fields);
  if (op == "tail") {
    return Tail{.request = fields.number<RequestId>("request"),
                .spawn = fields.number<core::SpawnId>("spawn"),
                .lines = fields.number<int>("lines")};
  }
  if (op == "capture") {
    return Capture{
        .spawn = fields.number<core::SpawnId>("spawn"),
        .worker = fields.text("worker"),
        .path = fields.text("path"),
        .format = take_format(fields),
        .max_size = fields.number<std::uint64_t>("max_size"),
        .keep = fields.number<int>("keep"),
        .compress = fields.flag("compress"),
        .overflow = fields.flag("block") ? core::LogOverflow::block : core::LogOverflow::drop,
        .match = fields.text("match")};
  }
  return fail("the request is unknown: " + op.substr(0, 40));
}

}  // namespace

Result<std::vector<std::string>> encode(const Request& request) {
  if (const Read* read = std::get_if<Read>(&request)) return encode_read(*read);
  if (const Capture* capture = std::get_if<Capture>(&request); capture && !survives(capture->path))
    return fail("the path of a log file is not UTF-8");
  const Result<std::string> message = std::visit(
      [](const auto& one) -> Result<std::string> {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Read>) {
          std::abort();
        } else {
          return encode_one(to_json(one));
        }
      },
      request);
  if (!message) return tl::unexpected(message.error());
  return std::vector<std::string>{*message};
}

Result<Request> decode_request(std::string_view message) {
  const std::optional<Json> json = parse_object(message);
  if (!json) return fail("a request is no JSON object");
  Fields fields(*json);
  const std::string op = fields.text("op");
  if (!fields.ok()) return fail("a request has no op");
  Result<Request> request = take_request(op, fields);
  if (request && !fields.ok()) return fail("a field is missing or mistyped in " + op);
  return request;
}

}  // namespace superd::logs
