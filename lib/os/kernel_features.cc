#include "os/kernel_features.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "os/inotify.h"
#include "os/listen_sight_diag.h"
#include "os/pidfd_info.h"
#include "os/process.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

constexpr std::array kAll{
    KernelFeature::clone3,        KernelFeature::pidfd_open,    KernelFeature::pidfd_getfd,
    KernelFeature::pidfs_numbers, KernelFeature::reaped_exit,   KernelFeature::peer_pidfd,
    KernelFeature::close_range,   KernelFeature::sealed_memory, KernelFeature::connection_tables,
    KernelFeature::thread_calls,  KernelFeature::inotify};

int code_of(const Error& error) { return error.code != 0 ? error.code : EIO; }

// Without arguments the call is refused where it exists, and makes nothing.
int try_clone3() {
  if (::syscall(SYS_clone3, nullptr, 0) >= 0) std::abort();
  return errno == EINVAL || errno == EFAULT ? 0 : errno;
}

int try_pidfd(int pidfd) {
  if (pidfd < 0) return ENOSYS;
  return ::syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0) == 0 ? 0 : errno;
}

int try_pidfd_getfd(int pidfd) {
  if (pidfd < 0) return ENOSYS;
  const UniqueFd here(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!here) return errno;
  const UniqueFd taken(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, here.get(), 0)));
  return taken ? 0 : errno;
}

int try_peer_pidfd() {
  constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD; the headers of Debian 12 lack it
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return errno;
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  int pidfd = -1;
  socklen_t size = sizeof pidfd;
  if (::getsockopt(one.get(), SOL_SOCKET, kPeerPidfd, &pidfd, &size) != 0) return errno;
  const UniqueFd owned(pidfd);
  return 0;
}

// A range in which nothing is open.
int try_close_range() { return ::syscall(SYS_close_range, ~0U, ~0U, 0) == 0 ? 0 : errno; }

int try_sealed_memory() {
  const UniqueFd file(::memfd_create("superd-try", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return errno;
  return ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE) == 0 ? 0 : errno;
}

int try_connection_tables() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return errno;
  if (::listen(socket.get(), 1) != 0) return errno;
  const Result<Listener> listener = listener_of(socket.get());
  if (!listener) return code_of(listener.error());
  const auto accepted = accepted_from(*listener);
  return accepted ? 0 : code_of(accepted.error());
}

int try_inotify() {
  const Result<Inotify> inotify = Inotify::create();
  return inotify ? 0 : code_of(inotify.error());
}

// A child that waits until it is ended.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
  int code = 0;  // why there is none

  static Child make() {
    Child child;
    const pid_t parent = ::getpid();
    child.pid = ::fork();
    if (child.pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);
      while (true) ::pause();
    }
    if (child.pid < 0) {
      child.code = errno;
      return child;
    }
    if (Result<UniqueFd> pidfd = open_pidfd(child.pid)) child.pidfd = std::move(*pidfd);
    return child;
  }
  void end() const {
    if (pid < 0) return;
    ::kill(pid, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
    }
  }
};

int try_thread_calls(const Child& child) {
  if (child.pid < 0) return child.code;
  const auto text = read_file(fmt::format("/proc/{0}/task/{0}/syscall", child.pid));
  return text ? 0 : code_of(text.error());
}

// Once the child was ended and reaped.
int try_reaped_exit(const Child& child) {
  if (child.pid < 0) return child.code;
  if (!child.pidfd) return ENOSYS;
  return exit_of_reaped(child.pidfd.get()) ? 0 : ENOTTY;
}

}  // namespace

std::span<const KernelFeature> all_kernel_features() { return kAll; }

std::vector<TriedFeature> try_kernel_features() {
  const Result<UniqueFd> self = open_pidfd(::getpid());
  const int pidfd = self ? self->get() : -1;
  const Child child = Child::make();
  const int thread_calls = try_thread_calls(child);
  child.end();
  const auto attempt = [&](KernelFeature feature) {
    switch (feature) {
      case KernelFeature::clone3:
        return try_clone3();
      case KernelFeature::pidfd_open:
        return try_pidfd(pidfd);
      case KernelFeature::pidfd_getfd:
        return try_pidfd_getfd(pidfd);
      case KernelFeature::pidfs_numbers:
        return pidfd >= 0 && process_number(pidfd) ? 0 : ENOTTY;
      case KernelFeature::reaped_exit:
        return try_reaped_exit(child);
      case KernelFeature::peer_pidfd:
        return try_peer_pidfd();
      case KernelFeature::close_range:
        return try_close_range();
      case KernelFeature::sealed_memory:
        return try_sealed_memory();
      case KernelFeature::connection_tables:
        return try_connection_tables();
      case KernelFeature::thread_calls:
        return thread_calls;
      case KernelFeature::inotify:
        return try_inotify();
    }
    std::abort();
  };
  std::vector<TriedFeature> tried;
  for (const KernelFeature feature : kAll) {
    tried.push_back({.feature = feature, .code = attempt(feature)});
  }
  return tried;
}

}  // namespace superd::os
