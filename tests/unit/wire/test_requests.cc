#include <catch2/catch.hpp>

#include "wire/requests.h"

namespace superd::wire {
namespace {

using namespace std::chrono_literals;

std::string error_of(std::string_view body, NowField now = NowField::known) {
  const auto request = parse_action_request(body, now);
  return request ? "" : request.error().message;
}

std::string signal_error_of(std::string_view body) {
  const auto request = parse_signal_request(body);
  return request ? "" : request.error().message;
}

TEST_CASE("requests: an empty body is the usual: waiting is not said, for ever, in turn",
          "[wire]") {
  for (const char* body : {"", "{}", " {} "}) {
    const auto request = parse_action_request(body, NowField::known);
    REQUIRE(request);
    CHECK_FALSE(request->wait);
    CHECK_FALSE(request->timeout);
    CHECK(request->pace == Pace::in_turn);
  }
}

TEST_CASE("requests: wait, timeout and now are what an action takes", "[wire]") {
  const auto request =
      parse_action_request(R"({"wait":false,"timeout":"1m30s","now":true})", NowField::known);
  REQUIRE(request);
  CHECK(request->wait == Wait::no);
  CHECK(request->timeout == 90s);
  CHECK(request->pace == Pace::at_once);
}

TEST_CASE("requests: what is wrong in a body is named", "[wire]") {
  CHECK(error_of("nonsense") == "the body is not valid JSON");
  CHECK(error_of("[]") == "the body must be a JSON object");
  CHECK(error_of(R"({"wait":1})") == "field \"wait\" must be true or false");
  CHECK(error_of(R"({"wait":null})") == "field \"wait\" must be true or false");
  CHECK(error_of(R"({"timeout":"soon"})") ==
        "field \"timeout\" must be a duration such as \"60s\"");
  CHECK(error_of(R"({"timeout":-1})") == "field \"timeout\" must be a duration such as \"60s\"");
  CHECK(error_of(R"({"wiat":true})") ==
        "unknown field \"wiat\": there are \"wait\", \"timeout\" and \"now\"");
  CHECK(error_of(R"({"now":true})", NowField::unknown) ==
        "unknown field \"now\": there are \"wait\" and \"timeout\"");
  CHECK(error_of(R"({"wait":true,"wait":false})") == "field \"wait\" is given twice");
}

TEST_CASE("requests: a signal has a name or a number, and reaches the main process or all",
          "[wire]") {
  CHECK(parse_signal_request(R"({"signal":"HUP"})")->signal == 1);
  CHECK(parse_signal_request(R"({"signal":"SIGUSR1"})")->signal == 10);
  CHECK(parse_signal_request(R"({"signal":15})")->signal == 15);
  CHECK(parse_signal_request(R"({"signal":"HUP"})")->reach == Reach::main);
  CHECK(parse_signal_request(R"({"signal":"HUP","all":true})")->reach == Reach::whole_tree);
  CHECK(signal_error_of("{}").find("\"signal\" is missing") != std::string::npos);
  CHECK(signal_error_of(R"({"signal":"TREM"})").find("TERM") != std::string::npos);
  CHECK(signal_error_of(R"({"signal":0})") != "");
  CHECK(signal_error_of(R"({"signal":99})") != "");
  CHECK(signal_error_of(R"({"signal":"HUP","all":"yes"})") ==
        "field \"all\" must be true or false");
}

TEST_CASE("requests: wait and timeout are understood where everything is done at once", "[wire]") {
  CHECK(parse_immediate_request(""));
  CHECK(parse_immediate_request(R"({"wait":false,"timeout":"5s"})"));
  CHECK(parse_immediate_request(R"({"wait":0})").error().message ==
        "field \"wait\" must be true or false");
  CHECK(parse_immediate_request(R"({"now":true})").error().message ==
        "unknown field \"now\": there are \"wait\" and \"timeout\"");
  CHECK(parse_signal_request(R"({"signal":"HUP","wait":false})")->signal == 1);
  CHECK_FALSE(parse_signal_request(R"({"signal":"HUP","timeout":"soon"})"));
}

TEST_CASE("requests: a request without options refuses every field", "[wire]") {
  CHECK(parse_empty_request(""));
  CHECK(parse_empty_request("{}"));
  CHECK(parse_empty_request(R"({"now":true})").error().message ==
        "unknown field \"now\": this request takes none");
}

TEST_CASE("requests: what the client writes the server reads", "[wire]") {
  const ActionRequest request{.wait = Wait::no, .timeout = 1500ms, .pace = Pace::at_once};
  const auto back = parse_action_request(to_text(request), NowField::known);
  REQUIRE(back);
  CHECK(back->wait == Wait::no);
  CHECK(back->timeout == 1500ms);
  CHECK(back->pace == Pace::at_once);
  CHECK(to_text(ActionRequest{}) == "{}");
  CHECK(to_text(ActionRequest{.wait = Wait::until_done}) == R"({"wait":true})");
  const auto signal = parse_signal_request(to_text(SignalRequest{.signal = 35}));
  REQUIRE(signal);
  CHECK(signal->signal == 35);
}

TEST_CASE("requests: a body full of fields or brackets is refused in time", "[wire]") {
  std::string many = "{";
  for (int i = 0; i < 100000; ++i) many += "\"" + std::to_string(i) + "\":1,";
  many += "\"x\":1}";
  CHECK(error_of(many) != "");
  CHECK(error_of(std::string(1 << 20, '[')) == "the body is not valid JSON");
  CHECK(error_of("{\"a\":" + std::string(500000, '[') + std::string(500000, ']') + "}") != "");
}

}  // namespace
}  // namespace superd::wire
