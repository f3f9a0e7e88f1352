#include "harness/program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace superd::scenario {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Pipe{.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
}

// Reads what is there; false once every writer has gone.
bool drain(const UniqueFd& fd, std::string& text) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    } else {
      return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
  }
}

// As 3, 4 … whatever their numbers are here: none of them may be overwritten before it is copied.
void give(const std::vector<int>& fds) {
  constexpr int kFirst = 3;
  std::vector<int> above;
  const int beyond = kFirst + static_cast<int>(fds.size());
  for (const int fd : fds) above.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, beyond));
  for (std::size_t i = 0; i < above.size(); ++i) {
    const int number = kFirst + static_cast<int>(i);
    ::close(number);
    if (above[i] >= 0) ::dup2(above[i], number);
  }
}

[[noreturn]] void become(const std::vector<std::string>& argv, const Program::Options& options) {
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  if (options.out >= 0) ::dup2(options.out, STDOUT_FILENO);
  if (options.err >= 0) ::dup2(options.err, STDERR_FILENO);
  give(options.given);
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
  for (const std::string& entry : options.env) {
    const std::size_t equals = entry.find('=');
    ::setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

Program::Program(const std::vector<std::string>& argv, const Options& options) : pid_(::fork()) {
  if (pid_ < 0) throw std::runtime_error("no fork");
  if (pid_ == 0) become(argv, options);
}

Program::~Program() {
  if (ended()) return;
  signal(SIGKILL);
  wait(kSoon);
}

void Program::signal(int number) const {
  if (!exit_) ::kill(pid_, number);
}

std::optional<int> Program::ended() {
  int status = 0;
  if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_;
}

std::optional<int> Program::wait(std::chrono::milliseconds limit) {
  wait_until(limit, [this] { return ended().has_value(); });
  return exit_;
}

Outcome run(const std::vector<std::string>& argv, const RunOptions& options) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Program program(argv, {.env = options.env,
                         .directory = options.directory,
                         .out = out.write.get(),
                         .err = err.write.get()});
  out.write.reset();
  err.write.reset();
  Outcome outcome;
  const auto deadline = std::chrono::steady_clock::now() + options.limit;
  while (!program.ended() && std::chrono::steady_clock::now() < deadline) {
    std::array<pollfd, 2> fds{};
    fds[0] = {.fd = out.read.get(), .events = POLLIN, .revents = 0};
    fds[1] = {.fd = err.read.get(), .events = POLLIN, .revents = 0};
    if (::poll(fds.data(), fds.size(), 5) > 0 &&
        ((fds[0].revents | fds[1].revents) & POLLIN) == 0) {
      ::poll(nullptr, 0, 5);  // both ends closed, the program not gone: no busy loop
    }
    drain(out.read, outcome.out);
    drain(err.read, outcome.err);
  }
  drain(out.read, outcome.out);
  drain(err.read, outcome.err);
  outcome.exit = program.ended().value_or(-1);
  return outcome;
}

}  // namespace superd::scenario
