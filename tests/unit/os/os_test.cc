#include "os_test.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/read_file.h"

namespace superd::os::test {
namespace {

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void become_ordinary() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kOrdinaryUid, kOrdinaryUid, kOrdinaryUid) != 0 ||
      ::setresuid(kOrdinaryUid, kOrdinaryUid, kOrdinaryUid) != 0) {
    std::abort();
  }
  // An exec would do the same: without it /proc/self stays root's.
  ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace

TempDir::TempDir() : path_((std::filesystem::temp_directory_path() / "superd-os-XXXXXX").string()) {
  REQUIRE(::mkdtemp(path_.data()) != nullptr);
  REQUIRE(::chmod(path_.c_str(), 0755) == 0);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

bool wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return holds();
    ::poll(nullptr, 0, 3);
  }
  return true;
}

ExecReport wait_for_report(const Spawned& spawned) {
  std::optional<ExecReport> report;
  REQUIRE(wait_until([&] {
    Result<std::optional<ExecReport>> read = read_exec_status(spawned.exec_status.get());
    REQUIRE(read);
    report = *read;
    return report.has_value();
  }));
  return *report;
}

Exit wait_for_exit(const Spawned& spawned) {
  std::optional<Exit> exit;
  REQUIRE(wait_until([&] {
    const Result<std::optional<Exit>> reaped = reap(spawned.pidfd.get());
    REQUIRE(reaped);
    exit = *reaped;
    return exit.has_value();
  }));
  return *exit;
}

Sleeper::Sleeper(SpawnRequest request) {
  request.argv = {"/bin/sleep", "600"};
  Result<Spawned> started = spawn(request);
  REQUIRE(started);
  spawned_ = std::move(*started);
  const ExecReport report = wait_for_report(spawned_);
  if (report.failure) FAIL(describe(*report.failure, request));
}

Sleeper::~Sleeper() {
  static_cast<void>(signal_pidfd(spawned_.pidfd.get(), SIGKILL));
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(spawned_.pidfd.get()), &info, WEXITED);
}

std::string Sleeper::status(const std::string& key) const {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/status", pid()));
  REQUIRE(text);
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key + ":")) continue;
    line.erase(0, line.find_first_not_of(" \t", key.size() + 1));
    line.erase(line.find_last_not_of(" \t") + 1);
    return line;
  }
  return "";
}

std::map<int, std::string> Sleeper::descriptors() const {
  std::map<int, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid()))) {
    found[std::stoi(entry.path().filename())] = std::filesystem::read_symlink(entry.path());
  }
  return found;
}

std::string output_of(SpawnRequest request) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  request.stdout_fd = request.stderr_fd = write_end.get();
  const Result<Spawned> spawned = spawn(request);
  REQUIRE(spawned);
  write_end.reset();
  const ExecReport report = wait_for_report(*spawned);
  std::string text = read_all(read_end.get());
  wait_for_exit(*spawned);
  return report.failure ? describe(*report.failure, request) : text;
}

void skip(const std::string& why) { WARN("skipped: " << why); }

bool is_root() { return ::geteuid() == 0; }

std::string in_child(const std::function<std::string()>& part) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const std::string text = part();
    static_cast<void>(!::write(write_end.get(), text.data(), text.size()));
    ::_exit(0);
  }
  write_end.reset();
  std::string text = read_all(read_end.get());
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  if (status != 0) text += fmt::format(" (wait status {})", status);
  return text;
}

std::string as_ordinary_user(const std::function<std::string()>& part) {
  if (!is_root()) return part();
  return in_child([&] {
    become_ordinary();
    return part();
  });
}

}  // namespace superd::os::test
