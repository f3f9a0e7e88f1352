// A real keeper with a supervisor and a logger that are nothing but a script, so that the tests see
// what the keeper alone promises. What happens in them goes as lines into DIR/events.
//   keeper_stand_in keeper DIR READY_FD     runs the keeper
//   … --resume FD, --check-resume FD        as the next program of a keeper; DIR/program is that
//   (started by it)  supervisor DIR, logger DIR
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/exit_record.h"
#include "keeper/keeper.h"
#include "keeper/keeper_link.h"

namespace {

using namespace superd;
using namespace std::chrono_literals;

std::string g_dir;

std::string listener() {
  const char* given = ::getenv("STAND_IN_LISTENER");
  return given != nullptr ? given : "listen/127.0.0.1:80";
}

template <class... Args>
void event(fmt::format_string<Args...> format, Args&&... args) {
  const std::string line = fmt::format(format, std::forward<Args>(args)...) + "\n";
  const UniqueFd file(
      ::open((g_dir + "/events").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (::write(file.get(), line.data(), line.size()) < 0) ::_exit(99);
}

bool has_clean_signals() {
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    if (action.sa_handler == SIG_IGN || ::sigismember(&blocked, number) == 1) return false;
  }
  return true;
}

class Supervisor {
 public:
  [[noreturn]] void run() {
    event("supervisor {} session {} notify {} signals {}", ::getpid(), ::getsid(0),
          ::getenv("NOTIFY_SOCKET") == nullptr ? "none" : "leaked",
          has_clean_signals() ? "clean" : "dirty");
    auto briefing = link_.receive_briefing(20s);
    if (!briefing) ::_exit(98);
    if (briefing->items.size() > 1000) {
      summarize(briefing->items);
      take(std::move(briefing->items.front()));
    } else {
      for (keeper::Item& item : briefing->items) take(std::move(item));
    }
    event("items end, journal {}", briefing->set_journal_aside ? "aside" : "read");
    for (;;) turn();
  }

 private:
  static void summarize(const std::vector<keeper::Item>& items) {
    std::size_t fds = 0;
    for (const keeper::Item& item : items) fds += item.fds.size();
    // The keeper's own one comes first.
    const bool sorted = std::is_sorted(
        items.begin() + 1, items.end(),
        [](const keeper::Item& a, const keeper::Item& b) { return a.name < b.name; });
    event("many items {} descriptors {} {}", items.size(), fds, sorted ? "in order" : "mixed up");
  }

  void take(keeper::Item item) {
    event("item {} {}", item.name, item.fds.size());
    if (item.name == keeper::kExitsItem) exits_ = std::move(item.fds.at(0));
    if (item.name == "held") {
      std::array<char, 64> text{};
      const ssize_t size = ::read(item.fds.at(0).get(), text.data(), text.size());
      event("held {}", std::string_view(text.data(), static_cast<std::size_t>(size)));
    }
  }

  void turn() {
    // Again, because settle() in one of them may have come across others.
    for (auto messages = link_.read(); !messages.empty(); messages = link_.read()) {
      for (keeper::Message& message : messages) {
        std::visit([this](auto& m) { on(m); }, message);
      }
    }
    link_.flush();
    const auto records = keeper::read_exits(exits_.get(), 100);
    for (const keeper::ExitRecord& record : records.value()) {
      event("exit {} status {} started {}", record.process.pid, record.exit.value,
            record.process.start_time > 0);
    }
    std::array<pollfd, 2> waiting = {
        pollfd{link_.fd(), static_cast<short>(link_.wants_write() ? POLLIN | POLLOUT : POLLIN), 0},
        pollfd{exits_.get(), POLLIN, 0}};
    ::poll(waiting.data(), waiting.size(), -1);
  }

  void on(keeper::Item& item) { take(std::move(item)); }
  void on(const keeper::ItemsEnd&) {}
  void on(keeper::Peer& peer) {
    peer_ = std::move(peer.fd);
    const std::string hello = fmt::format("hello from {}", ::getpid());
    static_cast<void>(::send(peer_.get(), hello.data(), hello.size(), MSG_NOSIGNAL));
  }
  void on(const keeper::UpgradeFailed& failed) { event("upgrade failed {}", failed.error); }
  void on(const keeper::OutputLost&) {}
  [[noreturn]] void on(const keeper::KeeperGone&) {
    event("supervisor leaves");
    if (::access((g_dir + "/slow").c_str(), F_OK) == 0) ::pause();
    ::_exit(0);
  }
  void on(const keeper::SignalArrived& signal) {
    event("signal {}", signal.number);
    if (signal.number == SIGUSR1) put_held();
    if (signal.number == SIGUSR2) static_cast<void>(link_.drop("held"));
    if (signal.number == SIGHUP) make_orphan();
    if (signal.number == SIGTERM && ::access((g_dir + "/deadly").c_str(), F_OK) == 0) ::_exit(9);
    if (signal.number == SIGTERM) finish();
    if (signal.number == SIGINT) ::_exit(9);
    if (signal.number == SIGRTMIN) static_cast<void>(link_.started(0));
    if (signal.number == SIGRTMIN + 1) static_cast<void>(link_.started(1));
    if (signal.number == SIGRTMIN + 2) put_and_die();
    if (signal.number == SIGRTMIN + 3) put_many();
    if (signal.number == SIGRTMIN + 4) ::pause();
    if (signal.number == SIGRTMIN + 5) static_cast<void>(link_.ask("held"));
    if (signal.number == SIGRTMIN + 6) finish_without_leaving();
    if (signal.number == SIGRTMIN + 7) put_output();
    if (signal.number == SIGRTMIN + 8) put_listener();
    if (signal.number == SIGRTMIN + 11 && !link_.upgrade()) ::_exit(86);
    if (signal.number == SIGRTMIN + 10) put_workers();
    if (signal.number == SIGRTMIN + 9) static_cast<void>(link_.drop(listener()));
  }

  void put_held() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) ::_exit(97);
    const UniqueFd read(ends[0]);
    const UniqueFd write(ends[1]);
    static_cast<void>(!::write(write.get(), "kept", 4));
    if (!link_.put("held", std::array{read.get(), write.get()})) ::_exit(96);
    if (!link_.settle(20s)) ::_exit(95);
    event("put held");
  }

  [[noreturn]] void put_and_die() {
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(link_.put(fmt::format("last{}", i), std::array{null.get()}));
    }
    ::_exit(3);
  }

  void put_many() {
    const std::vector<int> many(600, STDERR_FILENO);
    if (!link_.put("many", many) || !link_.settle(20s)) ::_exit(94);
    event("put many");
  }

  // A grandchild whose parent is gone before it ends with status 7.
  void make_orphan() {
    const pid_t child = ::fork();
    if (child == 0) {
      const pid_t parent = ::getpid();
      if (::fork() == 0) {
        while (::getppid() == parent) ::usleep(1000);
        event("orphan {} of {}", ::getpid(), ::getppid());
        ::_exit(7);
      }
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }

  // What 5,000 workers with everything have: 25,000 descriptors; fewer where fewer are allowed.
  void put_workers() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const int count = static_cast<int>(std::min<rlim_t>(5000, (files.rlim_cur - 1000) / 5));
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto put = [&](const char* kind, int worker, std::size_t fds) {
      const std::vector<int> all(fds, null.get());
      if (!link_.put(fmt::format("{}/{}/web.{}", kind, worker, worker), all)) ::_exit(89);
    };
    for (int worker = 1000; worker < 1000 + count; ++worker) {
      put("notify", worker, 1);
      put("out", worker, 2);
      put("private", worker, 1);
      put("ready", worker, 1);
      if (worker % 100 == 0 && !link_.settle(20s)) ::_exit(88);
    }
    if (!link_.settle(20s)) ::_exit(87);
    event("put workers {}", count);
  }

  void put_listener() {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!link_.put(listener(), std::array{socket.get()})) ::_exit(90);
  }

  // A pipe as workers have it, and a worker that writes 1 MiB into it.
  void put_output() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) ::_exit(93);
    const UniqueFd read(ends[0]);
    const UniqueFd write(ends[1]);
    const std::string path = fmt::format("/proc/self/fd/{}", read.get());
    const UniqueFd both(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!link_.put("out/7/web.1", std::array{both.get()}) || !link_.settle(20s)) ::_exit(92);
    if (::fork() != 0) return;
    const std::string kilobyte(1024, 'x');
    for (int i = 0; i < 1024; ++i) {
      if (::write(both.get(), kilobyte.data(), kilobyte.size()) != 1024) ::_exit(91);
    }
    event("written");
    ::_exit(0);
  }

  void finish() {
    static_cast<void>(link_.finished(5));
    event("finished");
  }

  [[noreturn]] void finish_without_leaving() {
    static_cast<void>(link_.finished(0));
    for (;;) ::pause();
  }

  keeper::KeeperLink link_{UniqueFd(keeper::kLinkFd)};
  UniqueFd exits_;
  UniqueFd peer_;
};

class Logger {
 public:
  [[noreturn]] void run() {
    event("logger {}", ::getpid());
    if (::access((g_dir + "/no logger").c_str(), F_OK) == 0) ::_exit(3);
    for (;;) {
      for (keeper::Message& message : link_.read()) {
        if (auto* peer = std::get_if<keeper::Peer>(&message)) peer_ = std::move(peer->fd);
        if (const auto* lost = std::get_if<keeper::OutputLost>(&message))
          event("logger hears that {} lost {}", lost->name, lost->bytes);
        if (std::holds_alternative<keeper::KeeperGone>(message)) {
          event("logger leaves");
          ::_exit(0);
        }
      }
      link_.flush();
      read_peer();
      std::array<pollfd, 2> waiting = {pollfd{link_.fd(), POLLIN, 0},
                                       pollfd{peer_.get(), POLLIN, 0}};
      ::poll(waiting.data(), waiting.size(), -1);
    }
  }

 private:
  void read_peer() {
    if (!peer_) return;
    std::array<char, 64> text{};
    const ssize_t size = ::recv(peer_.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (size > 0) {
      event("logger got {}", std::string_view(text.data(), static_cast<std::size_t>(size)));
    }
    if (size == 0) peer_.reset();
  }

  keeper::KeeperLink link_{UniqueFd(keeper::kLinkFd)};
  UniqueFd peer_;
};

int run_keeper(const char* ready_fd, const char* resume_fd) {
  keeper::KeeperOptions options;
  options.given = keeper::take_listen_fds();
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  options.program_path = g_dir + "/program";
  options.argv = {"superd: keeper", "keeper", g_dir, "-1"};
  options.upgrade_limit = 2s;
  if (resume_fd != nullptr) {
    options.resume = UniqueFd(std::atoi(resume_fd));
    event("keeper resumes");
  }
  if (resume_fd == nullptr) {
    options.runtime_dir = UniqueFd(::open(g_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    options.ready = UniqueFd(std::atoi(ready_fd));
  }
  options.program = UniqueFd(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  options.supervisor_argv = {"superd: supervisor", "supervisor", g_dir};
  options.logger_argv = {"superd: logger", "logger", g_dir};
  options.leave_limit = 2s;
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // as superd does
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  if (::getenv("STAND_IN_IMPATIENT") != nullptr) {
    options.alive = {.interval = 100ms, .tick = 100ms, .ticks = 20};
  }
  return keeper::run_keeper(std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string_view role = argv[1];
  g_dir = argv[2];
  log::configure({.level = log::Level::warn, .process = std::string(role)});
  if (role == "supervisor") Supervisor().run();
  if (role == "logger") Logger().run();
  if (argc == 4) return run_keeper(argv[3], nullptr);
  if (argc != 6) return 2;
  if (argv[4] == std::string_view("--resume")) return run_keeper(argv[3], argv[5]);
  // As if it were replaced by another one in this moment, which nobody may execute.
  if (::access((g_dir + "/not executable").c_str(), F_OK) == 0) ::chmod("/proc/self/exe", 0);
  if (::access((g_dir + "/endless check").c_str(), F_OK) == 0) ::pause();
  return keeper::check_resume(std::atoi(argv[5]));
}
