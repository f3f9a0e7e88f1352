#include "os/process.h"

#include <cerrno>
#include <csignal>

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process_table.h"

namespace superd::os {
namespace {

Exit decode(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {.kind = Exit::Kind::exited, .value = info.si_status};
  return {.kind = Exit::Kind::signalled,
          .value = info.si_status,
          .core_dumped = info.si_code == CLD_DUMPED};
}

// Nothing: no child of that kind has ended.
Result<std::optional<siginfo_t>> wait_for(idtype_t type, id_t id, int options) {
  siginfo_t info{};
  int done = 0;
  do {
    done = ::waitid(type, id, &info, WEXITED | WNOHANG | options);
  } while (done != 0 && errno == EINTR);
  if (done != 0) return fail_errno("waitid", errno);
  if (info.si_pid == 0) return std::nullopt;
  return info;
}

Result<std::optional<Exit>> wait_pidfd(int pidfd, int options) {
  const auto info = wait_for(P_PIDFD, static_cast<id_t>(pidfd), options);
  if (!info) return tl::unexpected(info.error());
  if (!*info) return std::nullopt;
  return decode(**info);
}

constexpr int kCoreFlag = 0x80;

}  // namespace

Exit exit_from_wait_status(int status) {
  if (WIFSIGNALED(status)) {
    return {.kind = Exit::Kind::signalled,
            .value = WTERMSIG(status),
            .core_dumped = WCOREDUMP(status) != 0};
  }
  return {.kind = Exit::Kind::exited, .value = WEXITSTATUS(status)};
}

int to_wait_status(const Exit& exit) {
  if (exit.kind == Exit::Kind::exited) return (exit.value & 0xff) << 8;
  return (exit.value & 0x7f) | (exit.core_dumped ? kCoreFlag : 0);
}

Result<std::uint64_t> start_time(pid_t pid) {
  const Result<ProcessInfo> info = read_process(pid);
  if (!info) return tl::unexpected(info.error());
  return info->id.start_time;
}

Result<ProcessId> process_id(pid_t pid) {
  const Result<ProcessInfo> info = read_process(pid);
  if (!info) return tl::unexpected(info.error());
  return info->id;
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  // glibc 2.36 declares its wrappers for C only.
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return fail_errno(fmt::format("cannot open process {}", pid), errno);
  return fd;
}

// The named process existed before the call. If it still has its PID after the pidfd was opened,
// it had it in between, and the pidfd is its own.
Result<UniqueFd> open_pidfd(const ProcessId& process) {
  Result<UniqueFd> fd = open_pidfd(process.pid);
  if (!fd) return fd;
  const Result<std::uint64_t> now = start_time(process.pid);
  if (!now) return tl::unexpected(now.error());
  if (*now != process.start_time) {
    return fail_errno(fmt::format("cannot open process {}", process.pid), ESRCH);
  }
  return fd;
}

Status signal_pidfd(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0) {
    return fail_errno(fmt::format("cannot send signal {}", signal), errno);
  }
  return {};
}

Status signal_process(const ProcessId& process, int signal) {
  const Result<UniqueFd> fd = open_pidfd(process);
  if (!fd) return tl::unexpected(fd.error());
  return signal_pidfd(fd->get(), signal);
}

bool has_ended(int pidfd) {
  pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) == 1 && (ended.revents & (POLLIN | POLLHUP)) != 0;
}

Result<std::optional<Exit>> peek_exit(int pidfd) { return wait_pidfd(pidfd, WNOWAIT); }

Result<std::optional<Exit>> reap(int pidfd) { return wait_pidfd(pidfd, 0); }

Result<std::optional<Reaped>> reap_next() {
  const auto ended = wait_for(P_ALL, 0, WNOWAIT);
  if (!ended && ended.error().code == ECHILD) return std::nullopt;
  if (!ended) return tl::unexpected(ended.error());
  if (!*ended) return std::nullopt;
  const pid_t pid = (*ended)->si_pid;
  Reaped reaped{.process = {.pid = pid, .start_time = 0}, .exit = decode(**ended)};
  // Only while it is a zombie its start time can be read.
  if (const Result<std::uint64_t> started = start_time(pid)) reaped.process.start_time = *started;
  const auto taken = wait_for(P_PID, static_cast<id_t>(pid), 0);
  if (!taken) return tl::unexpected(taken.error());
  return reaped;
}

}  // namespace superd::os
