#include "wire/http_codec.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include "wire/http_target.h"

// The rules, found by trying: `eager`, so that one call takes head and body; a fresh parser for
// every message; a parser is asked only while it holds bytes that it has not seen.
namespace superd::wire {
namespace {

namespace http = boost::beast::http;
using boost::asio::const_buffer;
using boost::beast::error_code;
using RequestReader = http::request_parser<http::string_body>;
using ResponseReader = http::response_parser<http::string_body>;

constexpr std::uint32_t kMaxResponseHeaderBytes = 64U << 10;

Method method_of(http::verb verb) {
  if (verb == http::verb::get) return Method::get;
  if (verb == http::verb::head) return Method::head;
  if (verb == http::verb::post) return Method::post;
  return Method::other;
}

Response refusal_of(const error_code& error) {
  if (error == http::error::header_limit) {
    return problem_response(
        431, fmt::format("the head of a request is at most {} bytes long", kMaxHeaderBytes));
  }
  if (error == http::error::body_limit) {
    return problem_response(
        413, fmt::format("the body of a request is at most {} bytes long", kMaxRequestBodyBytes));
  }
  return problem_response(400, fmt::format("this is no HTTP request: {}", error.message()));
}

// What Beast lets pass and superd does not.
std::optional<Response> refuse_head(const RequestReader& reader) {
  const auto& head = reader.get();
  if (head.count(http::field::transfer_encoding) != 0) {
    return problem_response(411, "a request's body needs a Content-Length, and no encoding");
  }
  const auto length = head[http::field::content_length];
  if (length.find_first_not_of("0123456789") != length.npos) {
    return problem_response(400, "a request's Content-Length is one number");
  }
  const std::size_t hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() >= 11)) {
    return problem_response(400, "a request has exactly one Host field");
  }
  return std::nullopt;
}

bool expects_continue(const RequestReader& reader) {
  return reader.get().version() >= 11 &&
         boost::beast::iequals(reader.get()[http::field::expect], "100-continue");
}

// More is to come: 100 Continue, 103 Early Hints. After 101 it would be no HTTP.
bool is_interim(unsigned status) { return status >= 100 && status < 200 && status != 101; }

}  // namespace

struct RequestParser::Impl {
  enum class Continue { not_said, said };

  // Gives the reader the bytes that it has not seen.
  void step();
  void finish();
  void refuse(Response response) {
    refusal = std::move(response);
    state = State::refused;
  }

  std::string buffer;
  std::optional<RequestReader> reader;
  State state = State::idle;
  Continue go_on = Continue::not_said;
  Request request;
  Response refusal;
};

void RequestParser::Impl::step() {
  if (!reader) {
    reader.emplace();
    reader->header_limit(kMaxHeaderBytes);
    reader->body_limit(kMaxRequestBodyBytes);
    reader->eager(true);
    go_on = Continue::not_said;
    state = State::in_head;
  }
  error_code error;
  const std::size_t used = reader->put(const_buffer(buffer.data(), buffer.size()), error);
  buffer.erase(0, used);
  if (error == http::error::need_more) error = {};
  // A head that superd refuses for its own reason is told so, not what its body then led to.
  if (reader->is_header_done()) {
    if (auto response = refuse_head(*reader)) return refuse(std::move(*response));
  }
  if (error) return refuse(refusal_of(error));
  if (!reader->is_header_done()) return;
  state = State::in_body;
  if (reader->is_done()) finish();
}

void RequestParser::Impl::finish() {
  auto message = reader->release();
  reader.reset();
  request = Request{.method = method_of(message.method()),
                    .body = std::move(message.body()),
                    .keep_alive = message.keep_alive() ? KeepAlive::yes : KeepAlive::no};
  const auto target = message.target();
  if (auto parsed = parse_target({target.data(), target.size()}, request); !parsed) {
    return refuse(problem_response(400, parsed.error().message));
  }
  state = State::complete;
}

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

void RequestParser::feed(std::string_view bytes) { impl_->buffer += bytes; }
std::size_t RequestParser::buffered() const { return impl_->buffer.size(); }
const Response& RequestParser::refusal() const { return impl_->refusal; }

RequestParser::State RequestParser::advance() {
  Impl& impl = *impl_;
  // Beast stops at the end of the body's bytes without asking for more.
  std::size_t before = 0;
  while (impl.state != State::complete && impl.state != State::refused && !impl.buffer.empty() &&
         impl.buffer.size() != before) {
    before = impl.buffer.size();
    impl.step();
  }
  if (impl.state == State::in_body && impl.go_on == Impl::Continue::not_said) {
    impl.go_on = Impl::Continue::said;
    if (expects_continue(*impl.reader)) return State::expects_continue;
  }
  return impl.state;
}

Request RequestParser::take() {
  impl_->state = State::idle;
  return std::exchange(impl_->request, {});
}

struct ResponseParser::Impl {
  Impl(Method method, std::uint64_t limit) : to(method), max_body_bytes(limit) { renew(); }
  void renew() {
    reader.emplace();
    reader->header_limit(kMaxResponseHeaderBytes);
    reader->body_limit(max_body_bytes);
    reader->eager(true);
    if (to == Method::head) reader->skip(true);
  }

  Method to;
  std::uint64_t max_body_bytes;
  std::string buffer;
  std::optional<ResponseReader> reader;
};

ResponseParser::ResponseParser(Method to, std::uint64_t max_body_bytes)
    : impl_(std::make_unique<Impl>(to, max_body_bytes)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

Result<ResponseParser::State> ResponseParser::feed(std::string_view bytes) {
  Impl& impl = *impl_;
  impl.buffer += bytes;
  std::size_t before = 0;
  while (!impl.buffer.empty() && impl.buffer.size() != before && !impl.reader->is_done()) {
    before = impl.buffer.size();
    error_code error;
    const std::size_t used = impl.reader->put(const_buffer(impl.buffer.data(), before), error);
    impl.buffer.erase(0, used);
    if (error && error != http::error::need_more) {
      return fail(fmt::format("the answer is no HTTP: {}", error.message()));
    }
    if (impl.reader->is_done() && is_interim(impl.reader->get().result_int())) impl.renew();
  }
  return impl.reader->is_done() ? State::complete : State::needs_bytes;
}

Result<ResponseParser::State> ResponseParser::end() {
  ResponseReader& reader = *impl_->reader;
  if (!reader.is_done()) {
    error_code error;
    if (reader.is_header_done()) reader.put_eof(error);
    if (error || !reader.is_done()) return fail("the answer is cut off");
  }
  return State::complete;
}

std::optional<int> ResponseParser::status() const {
  if (!impl_->reader->is_header_done()) return std::nullopt;
  return static_cast<int>(impl_->reader->get().result_int());
}

KeepAlive ResponseParser::keep_alive() const {
  return impl_->reader->is_header_done() && impl_->reader->keep_alive() ? KeepAlive::yes
                                                                        : KeepAlive::no;
}

std::string ResponseParser::take_body() { return std::exchange(impl_->reader->get().body(), {}); }

Response ResponseParser::take() {
  const auto& head = impl_->reader->get();
  Response response{.status = static_cast<int>(head.result_int()),
                    .content_type = std::string(head[http::field::content_type]),
                    .allow = std::string(head[http::field::allow]),
                    .retry_after = std::string(head[http::field::retry_after])};
  response.body = take_body();
  return response;
}

}  // namespace superd::wire
