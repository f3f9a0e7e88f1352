#include "os/listen_socket.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "os/port_owner.h"
#include "os/unix_address.h"
#include "os/unix_path.h"

namespace superd::os {
namespace {

struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<TcpAddress> tcp_address(const ListenRequest& request) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_family = request.family == SocketFamily::tcp4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(request.port);
  const int code = ::getaddrinfo(request.host.c_str(), port.c_str(), &hints, &list);
  if (code != 0) {
    return fail(
        fmt::format("{} is no address to listen on: {}", to_string(request), ::gai_strerror(code)),
        EINVAL);
  }
  TcpAddress address;
  std::memcpy(&address.storage, list->ai_addr, list->ai_addrlen);
  address.size = list->ai_addrlen;
  ::freeaddrinfo(list);
  return address;
}

tl::unexpected<Error> bind_failed(const ListenRequest& request, const TcpAddress& address,
                                  int code) {
  const std::string what = to_string(request);
  if (code == EADDRINUSE) {
    const std::string who = port_owner(address.get());
    return fail(fmt::format("{} is in use{}: stop it or choose another address", what,
                            who.empty() ? " by another program" : " by " + who),
                code);
  }
  if (code == EADDRNOTAVAIL) {
    return fail(fmt::format("{} is not an address of this machine", what), code);
  }
  if (code == EACCES) {
    return fail(fmt::format("may not listen on {}: ports below net.ipv4.ip_unprivileged_port_start "
                            "need root or CAP_NET_BIND_SERVICE",
                            what),
                code);
  }
  return fail_errno(fmt::format("cannot listen on {}", what), code);
}

enum class Flag { off, on };

Status set_option(int fd, int level, int option, Flag flag) {
  const int value = flag == Flag::on ? 1 : 0;
  if (::setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
  return fail_errno("cannot set a socket option", errno);
}

Status start_listening(int fd, const ListenRequest& request) {
  if (::listen(fd, request.backlog) == 0) return {};
  const int code = errno;
  // Two sockets may bind the same address with SO_REUSEADDR; the second one fails here.
  if (request.family == SocketFamily::unix_path || code != EADDRINUSE) {
    return fail_errno(fmt::format("cannot listen on {}", to_string(request)), code);
  }
  const Result<TcpAddress> address = tcp_address(request);
  if (!address) return tl::unexpected(address.error());
  return bind_failed(request, *address, code);
}

Result<UniqueFd> open_tcp(const ListenRequest& request) {
  const Result<TcpAddress> address = tcp_address(request);
  if (!address) return tl::unexpected(address.error());
  UniqueFd fd(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(fmt::format("cannot listen on {}", to_string(request)), errno);
  Status set = set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, Flag::on);
  if (set && request.family == SocketFamily::tcp6) {
    set = set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, Flag::on);
  }
  if (!set) return tl::unexpected(set.error());
  if (::bind(fd.get(), address->get(), address->size) != 0) {
    return bind_failed(request, *address, errno);
  }
  if (Status done = start_listening(fd.get(), request); !done) return tl::unexpected(done.error());
  return fd;
}

Result<UniqueFd> open_unix(const ListenRequest& request) {
  const Result<UnixAddress> address = unix_address(request.path);
  if (!address) return tl::unexpected(address.error());
  if (!request.path.starts_with('/')) {
    return fail(fmt::format("{} is not an absolute path", request.path), EINVAL);
  }
  if (Status clear = clear_stale_socket(request.path); !clear) {
    return tl::unexpected(clear.error());
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::bind(fd.get(), address->get(), address->size) != 0) {
    return fail_errno(fmt::format("cannot listen on {}", to_string(request)), errno);
  }
  Status done = set_path_owner(request);
  if (done) make_anchor(request);
  // Nobody can connect before this.
  if (done) done = start_listening(fd.get(), request);
  if (done) return fd;
  remove_path(request);
  return tl::unexpected(done.error());
}

// For a listening TCP socket this field holds the backlog; nothing for other sockets.
std::optional<std::uint32_t> backlog_of(int fd, const ListenRequest& request) {
  if (request.family == SocketFamily::unix_path) return std::nullopt;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info.tcpi_sacked;
}

std::string tcp_text(const sockaddr_storage& storage, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const int code = ::getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, host,
                                 sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  if (code != 0) return ::gai_strerror(code);
  const char* const form = storage.ss_family == AF_INET6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), host, port);
}

// std::filesystem::equivalent does not compare sockets.
bool leads_to_the_same(const std::string& one, const std::string& other) {
  struct stat a {};
  struct stat b {};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// In the form of to_string.
bool is_same_address(const std::string& one, const std::string& other) {
  constexpr std::string_view kUnix = "unix:";
  if (one == other) return true;
  return one.starts_with(kUnix) && other.starts_with(kUnix) &&
         leads_to_the_same(one.substr(kUnix.size()), other.substr(kUnix.size()));
}

}  // namespace

std::string to_string(const ListenRequest& request) {
  switch (request.family) {
    case SocketFamily::tcp4:
      return fmt::format("{}:{}", request.host, request.port);
    case SocketFamily::tcp6:
      return fmt::format("[{}]:{}", request.host, request.port);
    case SocketFamily::unix_path:
      return "unix:" + request.path;
  }
  std::abort();
}

Result<UniqueFd> open_listen_socket(const ListenRequest& request) {
  return request.family == SocketFamily::unix_path ? open_unix(request) : open_tcp(request);
}

// listen(2) on a listening socket only sets its backlog: cheaper than to ask first.
Result<Restored> restore_listen_socket(int fd, const ListenRequest& request) {
  Restored restored;
  const std::optional<std::uint32_t> before = backlog_of(fd, request);
  if (Status done = start_listening(fd, request); !done) return tl::unexpected(done.error());
  restored.backlog = before && before != backlog_of(fd, request);
  if (request.family != SocketFamily::unix_path) return restored;
  const Result<PathState> path = restore_path(fd, request);
  if (!path) return tl::unexpected(path.error());
  restored.path = *path == PathState::put_back;
  return restored;
}

Status change_listen_path(const ListenRequest& request) {
  return request.family == SocketFamily::unix_path ? change_path_owner(request) : Status();
}

void remove_listen_path(const ListenRequest& request) {
  if (request.family == SocketFamily::unix_path) remove_path(request);
}

Result<std::string> local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return fail_errno("cannot tell a socket's address", errno);
  }
  if (storage.ss_family != AF_UNIX) return tcp_text(storage, size);
  sockaddr_un address{};
  std::memcpy(&address, &storage, sizeof address);
  const std::size_t length = size - offsetof(sockaddr_un, sun_path);
  const std::string_view path(static_cast<const char*>(address.sun_path), length);
  return fmt::format("unix:{}", path.substr(0, path.find('\0')));
}

bool is_listening(int fd) {
  int accepts = 0;
  socklen_t size = sizeof accepts;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0;
}

Status check_listen_socket(int fd, const std::string& address) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    return fail(errno == EBADF ? "it is not open" : "it is not a socket", errno);
  }
  if (type != SOCK_STREAM) return fail("it is not a stream socket", ESOCKTNOSUPPORT);
  if (!is_listening(fd)) return fail("it is a socket that does not listen", EINVAL);
  const Result<std::string> bound = local_address(fd);
  if (!bound) return tl::unexpected(bound.error());
  if (!is_same_address(*bound, address)) {
    return fail(fmt::format("it listens on {}", *bound), EADDRNOTAVAIL);
  }
  return {};
}

}  // namespace superd::os
