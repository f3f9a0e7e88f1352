#include "harness/load.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <ostream>
#include <sstream>
#include <thread>

#include <poll.h>

#include "base/unique_fd.h"
#include "harness/address.h"
#include "harness/wait.h"

namespace superd::scenario {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

milliseconds between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

std::string reason(int error) {
  return error == ECONNRESET || error == EPIPE ? "reset" : std::strerror(error);
}

// What a whole answer says; nothing when it is not whole or not a good one, then `what` tells.
struct Said {
  pid_t pid = 0;
  int generation = 0;
  std::string version;
};
std::optional<Said> understand(const std::string& text, std::string& what) {
  const std::size_t end = text.find("\r\n\r\n");
  if (text.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) {
    what = text.empty() ? "eof" : "eof in the answer";
    return {};
  }
  if (text.substr(9, 3) != "200") {
    what = "status " + text.substr(9, 3);
    return {};
  }
  Said said;
  std::istringstream body(text.substr(end + 4));
  const bool whole = body.str().find('\n') != std::string::npos;
  if (whole && body >> said.pid >> said.generation >> said.version) return said;
  what = "eof in the answer";
  return {};
}

// One request: connects without waiting, sends, reads until the other end closes.
class Request {
 public:
  enum class State { connecting, reading, over };

  // `bytes` are what is sent to ask for `path`.
  Request(const Address& address, std::string path, std::string bytes, Clock::time_point now)
      : path_(std::move(path)),
        bytes_(std::move(bytes)),
        begin_(now),
        fd_(stream_socket(address, SOCK_NONBLOCK)) {
    if (!fd_) {
      fail(std::string("socket: ") + std::strerror(errno));
    } else if (connect(fd_, address) == 0) {
      send();
    } else if (errno != EINPROGRESS) {
      fail(std::string("connect: ") + std::strerror(errno));
    }
  }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& what() const { return what_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Clock::time_point begin() const { return begin_; }
  [[nodiscard]] pollfd interest() const {
    const auto events = static_cast<short>(state_ == State::connecting ? POLLOUT : POLLIN);
    return {.fd = fd_.get(), .events = events, .revents = 0};
  }

  void ready() { state_ == State::connecting ? connected() : read(); }
  void fail(std::string what) {
    what_ = std::move(what);
    state_ = State::over;
  }

 private:
  void connected() {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
    send();
  }
  void send() {
    if (::send(fd_.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes_.size())) {
      return fail("send: " + reason(errno));
    }
    state_ = State::reading;
  }
  void read() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (n > 0) {
        text_.append(buffer.data(), static_cast<std::size_t>(n));
        continue;
      }
      if (n == 0) {
        state_ = State::over;
      } else if (errno != EAGAIN) {
        fail(reason(errno));
      }
      return;
    }
  }

  std::string path_;
  std::string bytes_;
  Clock::time_point begin_;
  UniqueFd fd_;
  State state_ = State::connecting;
  std::string what_;  // why it failed; empty: it did not, as far as the connection goes
  std::string text_;
};

}  // namespace

class Load::Driver {
 public:
  explicit Driver(LoadOptions options) : options_(std::move(options)) {
    for (const std::string& text : options_.addresses) addresses_.push_back(parse_address(text));
    thread_ = std::thread([this] { drive(); });
  }
  ~Driver() { stop(); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  LoadReport report() const {
    const std::lock_guard lock(mutex_);
    return report_;
  }
  LoadReport stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return report();
  }

 private:
  void drive() {
    while (!stopping_ || !under_way_.empty()) {
      if (!stopping_) ask_what_is_due();
      wait_for_answers();
      count_what_is_over();
    }
  }

  void ask_what_is_due() {
    if (options_.clients > 0) {
      while (under_way_.size() < static_cast<std::size_t>(options_.clients)) ask();
      return;
    }
    const std::chrono::duration<double> interval(1 / options_.per_second);
    for (; due_ <= Clock::now(); due_ += std::chrono::duration_cast<Clock::duration>(interval)) {
      ask();
    }
  }

  void ask() {
    const auto number = static_cast<std::size_t>(asked_++);
    const bool slow = options_.slow_every > 0 && asked_ % options_.slow_every == 0;
    const std::string path = slow ? "/slow?ms=" + std::to_string(options_.slow.count()) : "/";
    under_way_.emplace_back(addresses_[number % addresses_.size()], path,
                            request(options_.protocol, path, options_.script), Clock::now());
    const std::lock_guard lock(mutex_);
    report_.asked = asked_;
  }

  void wait_for_answers() {
    std::vector<pollfd> fds;
    fds.reserve(under_way_.size());
    for (const Request& request : under_way_) fds.push_back(request.interest());
    // A request that failed at once has no descriptor to wait for.
    const bool over = std::any_of(under_way_.begin(), under_way_.end(), [](const Request& request) {
      return request.state() == Request::State::over;
    });
    milliseconds pause = 50ms;
    if (options_.clients == 0) pause = std::min(pause, between(Clock::now(), due_) + 1ms);
    if (over) pause = 0ms;
    if (::poll(fds.data(), fds.size(), static_cast<int>(std::max(pause, 0ms).count())) <= 0) return;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents != 0 && under_way_[i].state() != Request::State::over) {
        under_way_[i].ready();
      }
    }
  }

  void count_what_is_over() {
    const Clock::time_point now = Clock::now();
    for (Request& request : under_way_) {
      if (request.state() != Request::State::over && now - request.begin() > options_.limit) {
        request.fail("timeout");
      }
      if (request.state() == Request::State::over) count(request, now);
    }
    under_way_.erase(
        std::remove_if(under_way_.begin(), under_way_.end(),
                       [](const Request& r) { return r.state() == Request::State::over; }),
        under_way_.end());
  }

  void count(const Request& request, Clock::time_point now) {
    std::string what = request.what();
    std::optional<Said> said;
    if (what.empty()) said = understand(as_http(options_.protocol, request.text()), what);
    const milliseconds at = between(start_, now);
    const milliseconds took = between(request.begin(), now);
    const std::lock_guard lock(mutex_);
    report_.longest = std::max(report_.longest, took);
    if (!said) {
      report_.failed.push_back({.what = what,
                                .path = request.path(),
                                .at = between(start_, request.begin()),
                                .took = took});
      return;
    }
    ++report_.ok;
    for (LoadReport::Answers* answers :
         {&report_.pids[said->pid], &report_.generations[said->generation],
          &report_.versions[said->version]}) {
      if (answers->count++ == 0) answers->first = at;
      answers->last = at;
    }
  }

  const LoadOptions options_;
  std::vector<Address> addresses_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point due_ = start_;
  int asked_ = 0;
  std::vector<Request> under_way_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  LoadReport report_;
  std::thread thread_;
};

std::ostream& operator<<(std::ostream& out, const LoadReport& report) {
  out << report.asked << " asked, " << report.ok << " good, " << report.failed.size()
      << " failed, the longest took " << report.longest.count() << " ms";
  for (const auto& [generation, answers] : report.generations) {
    out << "\n  generation " << generation << ": " << answers.count << " from "
        << answers.first.count() << " to " << answers.last.count() << " ms";
  }
  for (const LoadReport::Failed& failed : report.failed) {
    out << "\n  " << failed.path << " asked at " << failed.at.count() << " ms: " << failed.what
        << " after " << failed.took.count() << " ms";
  }
  return out;
}

Load::Load(LoadOptions options) : driver_(std::make_unique<Driver>(std::move(options))) {}
Load::~Load() = default;

LoadReport Load::report() const { return driver_->report(); }

LoadReport Load::stop() { return driver_->stop(); }

bool Load::goes_on(int answers) const {
  const int wanted = report().ok + answers;
  return wait_until(60s, [&] { return report().ok >= wanted; });
}

}  // namespace superd::scenario
