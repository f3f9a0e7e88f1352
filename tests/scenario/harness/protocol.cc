#include "harness/protocol.h"

#include <cstdlib>
#include <utility>
#include <vector>

namespace superd::scenario {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

Variables variables(const std::string& path, const std::string& script) {
  const std::size_t mark = path.find('?');
  return {{"REQUEST_METHOD", "GET"},
          {"REQUEST_URI", path},
          {"PATH_INFO", path.substr(0, mark)},
          {"QUERY_STRING", mark == std::string::npos ? "" : path.substr(mark + 1)},
          {"SERVER_PROTOCOL", "HTTP/1.1"},
          {"SERVER_NAME", "localhost"},
          {"SERVER_PORT", "80"},
          {"HTTP_HOST", "localhost"},
          {"SCRIPT_NAME", ""},
          {"SCRIPT_FILENAME", script}};
}

char low(std::size_t number) { return static_cast<char>(number & 0xff); }
char high(std::size_t number) { return static_cast<char>((number >> 8) & 0xff); }
std::size_t byte(const std::string& bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// modifier1 0 (a request for WSGI), the size of the variables, modifier2 0; sizes are
// little-endian.
std::string uwsgi_request(const Variables& variables) {
  std::string body;
  const auto add = [&body](const std::string& text) {
    body += {low(text.size()), high(text.size())};
    body += text;
  };
  for (const auto& [name, value] : variables) {
    add(name);
    add(value);
  }
  return std::string{'\0', low(body.size()), high(body.size()), '\0'} + body;
}

// FastCGI's record: version 1, type, request 1, the content's size (big-endian), no padding.
enum class Record : char { begin = 1, end = 3, params = 4, in = 5, out = 6 };
std::string record(Record type, const std::string& content) {
  return std::string{'\1',
                     static_cast<char>(type),
                     '\0',
                     '\1',
                     high(content.size()),
                     low(content.size()),
                     '\0',
                     '\0'} +
         content;
}

std::string fastcgi_request(const Variables& variables) {
  std::string params;
  for (const auto& [name, value] : variables) {
    params += {low(name.size()), low(value.size())};  // below 128 each
    params += name + value;
  }
  // A responder, that closes the connection after its answer.
  return record(Record::begin, std::string{'\0', '\1', '\0', '\0', '\0', '\0', '\0', '\0'}) +
         record(Record::params, params) + record(Record::params, "") + record(Record::in, "");
}

std::string fastcgi_answer(const std::string& bytes) {
  constexpr std::size_t kHeader = 8;
  std::string out;
  for (std::size_t at = 0; at + kHeader <= bytes.size();) {
    const auto type = static_cast<Record>(bytes[at + 1]);
    const std::size_t size = byte(bytes, at + 4) * 256 + byte(bytes, at + 5);
    if (type == Record::out) out += bytes.substr(at + kHeader, size);
    if (type == Record::end) {
      const bool good = out.rfind("Status:", 0) != 0;
      return (good ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 " + out.substr(8, 3) + "\r\n") + out;
    }
    at += kHeader + size + byte(bytes, at + 6);
  }
  return "";
}

}  // namespace

std::string request(Protocol protocol, const std::string& path, const std::string& script) {
  switch (protocol) {
    case Protocol::http:
      return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    case Protocol::uwsgi:
      return uwsgi_request(variables(path, script));
    case Protocol::fastcgi:
      return fastcgi_request(variables(path, script));
  }
  std::abort();
}

std::string as_http(Protocol protocol, const std::string& bytes) {
  switch (protocol) {
    case Protocol::http:
    case Protocol::uwsgi:
      return bytes;
    case Protocol::fastcgi:
      return fastcgi_answer(bytes);
  }
  std::abort();
}

}  // namespace superd::scenario
