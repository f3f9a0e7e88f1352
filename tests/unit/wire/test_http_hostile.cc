#include <random>

#include <catch2/catch.hpp>

#include "wire/http_codec.h"
#include "wire/json.h"
#include "wire/route.h"

namespace superd::wire {
namespace {

using State = RequestParser::State;

// Real requests, so that small changes to them reach far into the code.
const std::vector<std::string>& samples() {
  static const std::vector<std::string> kSamples = {
      "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "POST /v1/groups/web/signal HTTP/1.1\r\nHost: x\r\nContent-Length: 28\r\n\r\n"
      R"({"signal":"HUP","all":false})",
      "GET /v1/groups/self/logs?lines=20 HTTP/1.0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "POST /v1/groups/web/restart HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n{}"};
  return kSamples;
}

std::string spoil(std::string text, std::mt19937& random) {
  for (int changes = static_cast<int>(random() % 4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, random() % 8);
        break;
      case 2:
        text.insert(at, std::string(random() % 4, static_cast<char>(random())));
        break;
    }
  }
  return text;
}

void read_all(RequestParser& parser) {
  State state = parser.advance();
  while (state == State::complete || state == State::expects_continue) {
    if (state == State::complete) {
      const auto command = route(parser.take());
      if (!command) CHECK(command.error().status >= 400);
    }
    state = parser.advance();
  }
  if (state == State::refused) CHECK(parser.refusal().status >= 400);
}

TEST_CASE("http: no bytes that a client sends do harm", "[wire]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string stream;
    for (int messages = 0; messages < 3; ++messages) {
      stream += spoil(samples()[random() % samples().size()], random);
    }
    RequestParser parser;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t length = 1 + random() % 60;
      parser.feed(stream.substr(at, length));
      read_all(parser);
      at += length;
    }
  }
}

TEST_CASE("http: no bytes that a server sends do the client harm", "[wire]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> answers = {
      serialize(json_response(200, R"({"superd":{"pid":1},"groups":[{"workers":[{"pid":null}]}]})"),
                Method::get, KeepAlive::yes),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}"};
  for (int round = 0; round < 3000; ++round) {
    const std::string stream = spoil(answers[random() % answers.size()], random);
    ResponseParser parser(Method::get);
    bool failed = false;
    for (std::size_t at = 0; at < stream.size() && !failed;) {
      const std::size_t length = 1 + random() % 60;
      failed = !parser.feed(stream.substr(at, length));
      at += length;
    }
    if (failed || !parser.end()) continue;
    const auto status = from_text<StatusView>(parser.take().body);
    if (!status) CHECK_FALSE(status.error().message.empty());
  }
}

}  // namespace
}  // namespace superd::wire
