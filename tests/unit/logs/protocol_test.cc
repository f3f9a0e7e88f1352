#include "logs/protocol.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace superd;
using namespace superd::logs;

namespace {

Request again(const Request& request) {
  const auto messages = encode(request);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  const Result<Request> decoded = decode_request(messages->front());
  REQUIRE(decoded);
  return *decoded;
}

std::vector<Line> join(const std::vector<std::string>& messages) {
  std::vector<Line> all;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(messages[i].size() <= kMaxMessage);
    const Result<Answer> answer = decode_answer(messages[i]);
    REQUIRE(answer);
    Lines lines = std::get<Lines>(*answer);
    CHECK(lines.request == RequestId{7});
    CHECK(lines.more == (i + 1 < messages.size()));
    std::size_t first = 0;
    if (lines.joined) all.back().text += lines.lines.at(first++).text;
    for (; first < lines.lines.size(); ++first) all.push_back(lines.lines[first]);
  }
  return all;
}

}  // namespace

TEST_CASE("protocol: a request arrives as it was sent", "[logs]") {
  const auto capture = std::get<Capture>(again(Capture{.spawn = core::SpawnId{~0ULL},
                                                       .worker = "web.1",
                                                       .path = "/var/log/s\u00fcperd/\"web.1\".log",
                                                       .format = core::LogFormat::raw,
                                                       .max_size = 1ULL << 40,
                                                       .keep = 10,
                                                       .compress = true,
                                                       .overflow = core::LogOverflow::block,
                                                       .match = "^\"up\"\\s"}));
  CHECK(capture.spawn == core::SpawnId{~0ULL});
  CHECK(capture.worker == "web.1");
  CHECK(capture.path == "/var/log/s\u00fcperd/\"web.1\".log");
  CHECK(capture.format == core::LogFormat::raw);
  CHECK(capture.max_size == 1ULL << 40);
  CHECK(capture.keep == 10);
  CHECK(capture.compress);
  CHECK(capture.overflow == core::LogOverflow::block);
  CHECK(capture.match == "^\"up\"\\s");
  CHECK(std::get<StopMatching>(again(StopMatching{.spawn = core::SpawnId{2}})).spawn ==
        core::SpawnId{2});
  CHECK(std::get<Finish>(again(Finish{.spawn = core::SpawnId{3}})).spawn == core::SpawnId{3});
  CHECK(std::get<Hello>(again(Hello{.request = RequestId{4}})).request == RequestId{4});
  CHECK(std::get<Sync>(again(Sync{.request = RequestId{5}})).request == RequestId{5});
  CHECK(std::get<Reopen>(again(Reopen{.request = RequestId{6}})).request == RequestId{6});
  const auto tail =
      std::get<Tail>(again(Tail{.request = RequestId{6}, .spawn = core::SpawnId{8}, .lines = 20}));
  CHECK(tail.request == RequestId{6});
  CHECK(tail.spawn == core::SpawnId{8});
  CHECK(tail.lines == 20);
}

TEST_CASE("protocol: a question about thousands of files goes in several messages", "[logs]") {
  Read read{.request = RequestId{7}, .sources = {}, .lines = 10};
  for (int i = 0; i < 3000; ++i)
    read.sources.push_back({.worker = "web." + std::to_string(i),
                            .path = "/var/log/superd/web." + std::to_string(i) + ".log"});
  const auto messages = encode(Request(read));
  REQUIRE(messages);
  CHECK(messages->size() > 1);
  std::vector<Source> sources;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    CHECK((*messages)[i].size() <= kMaxMessage);
    const Result<Request> decoded = decode_request((*messages)[i]);
    REQUIRE(decoded);
    const Read part = std::get<Read>(*decoded);
    CHECK(part.more == (i + 1 < messages->size()));
    CHECK(part.lines == 10);
    sources.insert(sources.end(), part.sources.begin(), part.sources.end());
  }
  REQUIRE(sources.size() == 3000);
  CHECK(sources[2999].path == "/var/log/superd/web.2999.log");
}

TEST_CASE("protocol: a path that would not arrive as it is, is refused", "[logs]") {
  CHECK_FALSE(encode(Request(Capture{.worker = "web.1", .path = "/var/log/\xff.log"})));
  CHECK_FALSE(encode(Request(Capture{.worker = "web.1", .path = std::string(70'000, 'x')})));
  CHECK_FALSE(encode(Request(Read{.sources = {{.worker = "web.1", .path = "/\xff.log"}}})));
}

TEST_CASE("protocol: an answer of any size arrives in messages below the limit", "[logs]") {
  Lines lines{.request = RequestId{7}};
  CHECK(join(encode(Answer(lines))).empty());
  for (int i = 0; i < 5000; ++i)
    lines.lines.push_back({.worker = "web.1",
                           .time = "2026-11-23T01:02:03.000000004Z",
                           .stream = Stream::err,
                           .text = "line " + std::to_string(i)});
  std::string umlauts;
  for (int i = 0; i < 30'000; ++i) umlauts += "\u00fc";
  // Not a multiple of the size of a part.
  lines.lines[10].text = "x" + umlauts;
  lines.lines[11].text = std::string(65'536, '\x01');
  const std::vector<Line> arrived = join(encode(Answer(lines)));
  REQUIRE(arrived.size() == lines.lines.size());
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    if (arrived[i].text == lines.lines[i].text) continue;
    FAIL_CHECK("line " << i << " differs");
  }
  CHECK(arrived[10].worker == "web.1");
  CHECK(arrived[10].stream == Stream::err);
  CHECK(arrived[10].time == "2026-11-23T01:02:03.000000004Z");
}

TEST_CASE("protocol: bytes of a worker that are no UTF-8 are replaced, not refused", "[logs]") {
  Lines lines{.request = RequestId{7}};
  lines.lines.push_back({.worker = "web.1", .text = "a\xff\x80z"});
  lines.lines.push_back({.worker = "web.1", .text = std::string(100'000, '\x80')});
  const std::vector<Line> arrived = join(encode(Answer(lines)));
  REQUIRE(arrived.size() == 2);
  CHECK(arrived[0].text == "a\ufffd\ufffdz");
}

TEST_CASE("protocol: thousands of captures are listed in several messages", "[logs]") {
  Captures captures{.request = RequestId{7}};
  for (std::uint64_t i = 0; i < 5000; ++i) captures.spawns.push_back(core::SpawnId{~0ULL - i});
  std::vector<core::SpawnId> spawns;
  for (const std::string& message : encode(Answer(captures))) {
    CHECK(message.size() <= kMaxMessage);
    const Result<Answer> answer = decode_answer(message);
    REQUIRE(answer);
    const Captures part = std::get<Captures>(*answer);
    spawns.insert(spawns.end(), part.spawns.begin(), part.spawns.end());
    CHECK(part.more == (spawns.size() < 5000));
  }
  CHECK(spawns == captures.spawns);
  const auto none = encode(Answer(Captures{.request = RequestId{7}}));
  REQUIRE(none.size() == 1);
  CHECK(std::get<Captures>(*decode_answer(none[0])).spawns.empty());
}

TEST_CASE("protocol: that something was missed needs no more words", "[logs]") {
  const auto messages = encode(Answer(Missed{}));
  REQUIRE(messages.size() == 1);
  const Result<Answer> answer = decode_answer(messages[0]);
  REQUIRE(answer);
  CHECK(std::holds_alternative<Missed>(*answer));
}

TEST_CASE("protocol: what is not understood is refused whole", "[logs]") {
  for (
      const char* message :
      {"",
       "{",
       "[]",
       "7",
       "null",
       "{}",
       R"({"op":7})",
       R"({"op":"reboot"})",
       R"({"op":"hello"})",
       R"({"op":"hello","request":-1})",
       R"({"op":"hello","request":1.5})",
       R"({"op":"hello","request":"1"})",
       R"({"op":"finish","spawn":18446744073709551616})",
       R"({"op":"tail","request":1,"spawn":1,"lines":2147483648})",
       R"({"op":"tail","request":1,"spawn":1,"lines":-5})",
       R"({"op":"capture","spawn":1,"worker":"web.1","path":"/x","format":"json","max_size":1,"keep":1})",
       R"({"op":"capture","spawn":1,"worker":"web.1","path":7,"format":"cri","max_size":1,"keep":1})",
       R"({"op":"read","request":1,"lines":1,"sources":[7]})",
       R"({"op":"read","request":1,"lines":1,"sources":{}})",
       R"({"op":"read","request":1,"lines":1,"sources":[{"worker":"web.1"}]})",
       R"({"op":"read","request":1,"lines":1,"sources":[],"more":1})"}) {
    INFO(message);
    CHECK_FALSE(decode_request(message));
  }
  for (const char* message :
       {"", "{}", R"({"op":"lines","request":1})", R"({"op":"lines","request":1,"lines":[[]]})",
        R"({"op":"lines","request":1,"lines":[{"worker":"w","time":"","stream":"x","text":""}]})",
        R"({"op":"captures","request":1,"spawns":["1"]})", R"({"op":"captures","request":1})"}) {
    INFO(message);
    CHECK_FALSE(decode_answer(message));
  }
}

TEST_CASE("protocol: no sequence of bytes does harm", "[logs]") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same sequence every time
  const std::string seed =
      R"({"op":"read","request":1,"lines":1,"sources":[{"worker":"web.1","path":"/x","format":"cri"}]})";
  for (int i = 0; i < 20'000; ++i) {
    std::string message = seed;
    for (int change = 0; change < 3; ++change)
      message[random() % message.size()] = static_cast<char>(random());
    message.resize(random() % (message.size() + 1));
    static_cast<void>(decode_request(message));
    static_cast<void>(decode_answer(message));
  }
  CHECK_FALSE(decode_request(std::string(60'000, '[')));
}
