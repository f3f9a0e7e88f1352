#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event_history.h"
#include "daemon/responder.h"
#include "logs/line.h"
#include "logs/protocol.h"
#include "loop/defer.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "wire/views.h"

namespace superd::daemon {

// Tells clients what workers write, line by line, and among the lines when workers start and end.
// A follower has a place in the files and no queue of its own: what comes next is read by the
// logger when the client has taken what came before, so that one that does not read costs what fits
// into one answer, and holds nobody up. While anybody follows, the files are looked at every
// kPeriod. A logger that is away or stuck is asked again later.
class LogFeed {
 public:
  static constexpr std::size_t kMaxFollowers = 64;
  static constexpr std::chrono::milliseconds kPeriod{100};
  // Between two answers of a follower that has much to read: the loop's time is for supervision.
  static constexpr std::chrono::milliseconds kPause{20};

  using Sources = std::vector<logs::Source>;
  struct Parts {
    const EventHistory& history;
    // LoggerClient::read_on().
    std::function<void(Sources, logs::Stream,
                       std::function<void(std::optional<std::vector<logs::Line>>)>)>
        read_on;
    // Where the workers of a group write now; nothing: the group is no more, or keeps no logs.
    std::function<std::optional<Sources>(const std::string& group)> sources;
    std::function<std::string()> now;  // as in Line::time
  };
  enum class Until { now, ever };
  struct Wish {
    std::string group{};
    std::string worker{};  // `web.1`; empty: all of the group
    Until until = Until::ever;
    int lines = 0;        // of each worker, to begin with
    std::string since{};  // as in Line::time, instead of `lines`; empty: none
    logs::Stream only = logs::Stream::both;
    std::map<std::string, logs::Place> after{};  // by worker, instead of both
    std::optional<std::uint64_t> after_event{};  // nothing: from now on
  };

  LogFeed(loop::Loop& loop, Parts parts);

  // 200 and the lines; 503 where there are too many followers.
  void follow(Wish wish, Responder out);
  // superd leaves: the answers end. None comes after that.
  void end();
  [[nodiscard]] std::size_t followers() const { return followers_.size(); }

 private:
  struct Worker {
    logs::Source source;
    bool reached = false;  // what was there at the beginning is told
  };
  struct Follower {
    std::uint64_t id = 0;
    Wish wish;
    std::map<std::string, Worker> workers;
    std::uint64_t event = 0;  // all events up to this id are told
    std::string looked{};     // when it was asked for last: a worker that is new begins there
    bool asking = false;      // the logger
    bool over = false;
    ResponseStream out;
  };

  void look();
  void ask(Follower& follower);
  // Takes in workers that are new. Whether there is somebody to ask for still.
  bool find_workers(Follower& follower);
  [[nodiscard]] logs::From first_from(const Follower& follower, const std::string& worker) const;
  void on_lines(std::uint64_t id, std::optional<std::vector<logs::Line>> lines);
  void tell(Follower& follower, std::vector<logs::Line> lines);
  // The events up to a time (empty: all) that the follower has not been told yet.
  std::vector<wire::LogLine> take_events(Follower& follower, const std::string& until);
  void arm(loop::Duration delay);

  Parts parts_;
  std::list<Follower> followers_;
  loop::Timer timer_;
  std::uint64_t last_id_ = 0;
  bool ended_ = false;
};

// As clients read it; the number of its worker is in the place.
wire::LogLine to_view(const logs::Line& line);

}  // namespace superd::daemon
