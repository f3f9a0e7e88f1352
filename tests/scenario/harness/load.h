#pragma once

#include <chrono>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "harness/protocol.h"

namespace superd::scenario {

// What is asked of tests/fakes/apps/shop.py or etc/runners/sample, each request on a connection of
// its own.
struct LoadOptions {
  std::vector<std::string> addresses;  // as in a config; requests go to them in turn
  // Open: so many requests a second by the clock, whether answers come or not.
  double per_second = 60;
  // > 0: instead, so many clients of which each asks again as soon as it was answered.
  int clients = 0;
  // Every so many-th request is a slow one (0: none), that takes the application so long.
  int slow_every = 25;
  std::chrono::milliseconds slow{800};
  std::chrono::milliseconds limit{20000};  // not answered by then: failed
  Protocol protocol = Protocol::http;
  std::string script{};  // as request()
};

struct LoadReport {
  // Who answered, and when for the first and for the last time, counted from the load's start.
  struct Answers {
    int count = 0;
    std::chrono::milliseconds first{0};
    std::chrono::milliseconds last{0};
  };
  struct Failed {
    std::string what;  // `connect: Connection refused`, `reset`, `eof`, `status 500`, `timeout` …
    std::string path;
    std::chrono::milliseconds at{0};  // when it was asked, counted from the load's start
    std::chrono::milliseconds took{0};
  };

  int asked = 0;
  int ok = 0;
  std::vector<Failed> failed;
  std::map<pid_t, Answers> pids;
  std::map<int, Answers> generations;
  std::map<std::string, Answers> versions;
  std::chrono::milliseconds longest{0};
};
std::ostream& operator<<(std::ostream& out, const LoadReport& report);

// A load that goes on beside the test, in a thread of its own, until the object ends.
class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // As it stands now.
  [[nodiscard]] LoadReport report() const;
  // Asks no more, waits for the answers under way, and returns the whole.
  LoadReport stop();
  // Waits for so many more good answers than there are now; false: they did not come in a minute.
  [[nodiscard]] bool goes_on(int answers = 30) const;

 private:
  class Driver;
  std::unique_ptr<Driver> driver_;
};

}  // namespace superd::scenario
