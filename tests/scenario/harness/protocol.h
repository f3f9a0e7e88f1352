#pragma once

#include <string>

namespace superd::scenario {

// What a load speaks with the runner.
enum class Protocol {
  http,
  uwsgi,    // as nginx's uwsgi_pass: packet and variables; the answer is HTTP
  fastcgi,  // as nginx's fastcgi_pass
};

// One GET of `path` as it goes over a connection of its own. `script` is the file that a FastCGI
// runner is to run.
std::string request(Protocol protocol, const std::string& path, const std::string& script);

// What the other end has sent until it closed, as an HTTP answer; empty where FastCGI's is not
// whole.
std::string as_http(Protocol protocol, const std::string& bytes);

}  // namespace superd::scenario
