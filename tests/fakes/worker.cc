// A program to be supervised that behaves, or misbehaves, on command:
//   serve [--backlog N] [--unlink PATH] [--linger MS]  HTTP on fd 3: /pid /generation /backlog;
//                       listens anew with N, removes PATH at its start, needs MS to leave after
//                       TERM, prints a line at USR1
//   dump FILE           writes what it was given (environment, descriptors, identity …) to FILE
//   daemon FILE         leaves a double-forked, setsid, environment-clearing, retitled process that
//                       ignores TERM, and writes its pid to FILE
//   deaf                ignores TERM
//   notify TEXT…        sends each TEXT to NOTIFY_SOCKET
//   say TEXT… [exit N]  prints each TEXT to standard output and standard error in turn
//   tick                prints `tick 1`, `tick 2` … to standard output, some twenty a second
//   bulk N              prints N lines of 100 bytes to standard output
//   children N          has N children
//   orphans N           makes N orphans that end at once
// All but `say … exit N` then live until they are told to go.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

using Words = std::vector<std::string>;

volatile std::sig_atomic_t told_to_go = 0;

[[noreturn]] void live_on() {
  for (;;) ::pause();
}

// Whole or not at all: a test that sees the file sees all of it.
void write_whole(const std::string& path, const std::string& text) {
  const std::string draft = path + "." + std::to_string(::getpid());
  std::ofstream(draft) << text;
  std::rename(draft.c_str(), path.c_str());
}

std::string option(const Words& words, const std::string& name, const std::string& otherwise) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == name) return words[i + 1];
  }
  return otherwise;
}

// ---- serve

std::string backlog_of(int listener) {
  // On a listening socket tcpi_sacked is the size of its accept queue.
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return "unknown";
  return std::to_string(info.tcpi_sacked);
}

std::string answer(const std::string& request) {
  const char* generation = std::getenv("SUPERD_GENERATION");
  if (request.rfind("GET /generation", 0) == 0) return generation == nullptr ? "" : generation;
  if (request.rfind("GET /backlog", 0) == 0) return backlog_of(3);
  return std::to_string(::getpid());
}

void serve_one(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) return;
    request.append(buffer, static_cast<std::size_t>(n));
  }
  const std::string body = answer(request);
  const std::string reply =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  if (::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) std::perror("send");
}

[[noreturn]] void serve(const Words& words) {
  if (std::find(words.begin(), words.end(), "--undumpable") != words.end()) {
    ::prctl(PR_SET_DUMPABLE, 0);
  }
  struct sigaction action {};
  action.sa_handler = [](int /*signal*/) { told_to_go = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = [](int /*signal*/) {
    // What it cannot be told is missed in its log.
    if (::write(STDOUT_FILENO, "here\n", 5) < 0) return;
  };
  ::sigaction(SIGUSR1, &action, nullptr);
  const std::string backlog = option(words, "--backlog", "");
  if (!backlog.empty()) ::listen(3, std::stoi(backlog));
  const std::string removed = option(words, "--unlink", "");
  if (!removed.empty()) ::unlink(removed.c_str());
  const char* count = std::getenv("LISTEN_FDS");
  std::vector<pollfd> listeners;
  for (int fd = 3; fd < 3 + (count == nullptr ? 1 : std::stoi(count)); ++fd) {
    // Other workers share the listener: only one of them gets what woke all, the others go on.
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    listeners.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  while (told_to_go == 0) {
    if (::poll(listeners.data(), listeners.size(), 200) <= 0) continue;
    for (const pollfd& listener : listeners) {
      const int connection = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      serve_one(connection);
      ::close(connection);
    }
  }
  ::poll(nullptr, 0, std::stoi(option(words, "--linger", "0")));
  std::_Exit(0);
}

// ---- dump

std::string link_text(const std::string& path) {
  char text[4096];
  const ssize_t n = ::readlink(path.c_str(), text, sizeof text);
  return n < 0 ? "" : std::string(text, static_cast<std::size_t>(n));
}

std::string descriptors() {
  std::string lines;
  for (int fd = 0; fd < 4096; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    lines +=
        "fd " + std::to_string(fd) + " " + link_text("/proc/self/fd/" + std::to_string(fd)) + "\n";
  }
  return lines;
}

std::string identity() {
  gid_t groups[256];
  const int count = ::getgroups(256, groups);
  const mode_t mask = ::umask(0);
  char octal[16];
  std::snprintf(octal, sizeof octal, "%04o", mask);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::string lines = "pid " + std::to_string(::getpid()) + "\nsession " +
                      std::to_string(::getsid(0)) + "\nprocess-group " +
                      std::to_string(::getpgrp()) + "\nuid " + std::to_string(::geteuid()) +
                      "\ngid " + std::to_string(::getegid()) + "\numask " + octal + "\ndirectory " +
                      link_text("/proc/self/cwd") + "\nnofile " + std::to_string(files.rlim_cur) +
                      " " + std::to_string(files.rlim_max) + "\nnice " +
                      std::to_string(::getpriority(PRIO_PROCESS, 0)) + "\ngroups";
  for (int i = 0; i < count; ++i) lines += " " + std::to_string(groups[i]);
  lines += "\n";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    for (const char* key : {"SigBlk:\t", "SigIgn:\t", "NoNewPrivs:\t"}) {
      if (line.rfind(key, 0) != 0) continue;
      line.replace(std::strlen(key) - 2, 2, " ");
      lines += line + "\n";
    }
  }
  return lines;
}

[[noreturn]] void dump(const Words& words) {
  std::string text = descriptors() + identity();
  for (char** entry = environ; *entry != nullptr; ++entry)
    text += "env " + std::string(*entry) + "\n";
  write_whole(words.at(0), text);
  live_on();
}

// ---- daemon

// Overwrites argv and the environment behind it, as setproctitle does.
void retitle(char** argv, const std::string& title) {
  char* begin = argv[0];
  char* end = begin;
  for (char** word = argv; *word != nullptr; ++word) end = *word + std::strlen(*word);
  for (char** entry = environ; *entry != nullptr; ++entry) end = *entry + std::strlen(*entry);
  std::memset(begin, 0, static_cast<std::size_t>(end - begin));
  title.copy(begin, static_cast<std::size_t>(end - begin));
  ::prctl(PR_SET_NAME, title.c_str());
}

[[noreturn]] void leave_daemon(const Words& words, char** argv) {
  const std::string file = words.at(0);
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) std::_Exit(0);
    std::signal(SIGTERM, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    for (int fd = 0; fd < 64; ++fd) ::close(fd);
    if (::chdir("/") != 0) std::_Exit(1);
    retitle(argv, "stranger");
    write_whole(file, std::to_string(::getpid()));
    live_on();
  }
  ::wait(nullptr);
  live_on();
}

// ---- the others

[[noreturn]] void notify(const Words& words) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path != nullptr) std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const std::string& text : words) {
    if (::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) < 0) {
      std::perror("notify");
    }
  }
  live_on();
}

[[noreturn]] void say(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "exit") std::_Exit(std::stoi(words.at(i + 1)));
    const std::string line = words[i] + "\n";
    if (::write(i % 2 == 0 ? STDOUT_FILENO : STDERR_FILENO, line.data(), line.size()) < 0)
      std::_Exit(99);
  }
  live_on();
}

void print(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(99);
}

[[noreturn]] void tick() {
  for (int i = 1;; ++i) {
    print("tick " + std::to_string(i) + "\n");
    ::poll(nullptr, 0, 50);
  }
}

[[noreturn]] void bulk(const Words& words) {
  for (int i = 1; i <= std::stoi(words.at(0)); ++i) {
    std::string line = "line " + std::to_string(i) + " ";
    line.resize(99, '.');
    print(line + "\n");
  }
  live_on();
}

[[noreturn]] void have_children(const Words& words) {
  for (int i = 0; i < std::stoi(words.at(0)); ++i) {
    if (::fork() == 0) live_on();
  }
  live_on();
}

[[noreturn]] void make_orphans(const Words& words) {
  for (int i = 0; i < std::stoi(words.at(0)); ++i) {
    if (::fork() == 0) {
      // Their parent ends before they do.
      if (::fork() == 0) ::poll(nullptr, 0, 50);
      std::_Exit(0);
    }
    ::wait(nullptr);
  }
  live_on();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const Words words(argv + std::min(argc, 2), argv + argc);
  if (what == "serve") serve(words);
  if (what == "dump") dump(words);
  if (what == "daemon") leave_daemon(words, argv);
  if (what == "deaf") {
    std::signal(SIGTERM, SIG_IGN);
    live_on();
  }
  if (what == "notify") notify(words);
  if (what == "say") say(words);
  if (what == "tick") tick();
  if (what == "bulk") bulk(words);
  if (what == "children") have_children(words);
  if (what == "orphans") make_orphans(words);
  std::fprintf(stderr, "unknown: %s\n", what.c_str());
  return 2;
}
