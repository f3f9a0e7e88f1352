#pragma once

#include <span>
#include <vector>

// What of the kernel superd can use here. Found by trying, never by a version: a container's filter
// may take away what the kernel has.
namespace superd::os {

enum class KernelFeature {
  clone3,             // a process and its pidfd in one call
  pidfd_open,         // with pidfd_send_signal: a process that no reused PID is mistaken for
  pidfd_getfd,        // a descriptor out of a running process
  pidfs_numbers,      // a number of a process that is never used again
  reaped_exit,        // how a process ended that its parent has reaped
  peer_pidfd,         // the pidfd of who is at the other end of a unix connection
  close_range,        // all descriptors of a new process in one call
  sealed_memory,      // a file in memory that nobody can change any more
  connection_tables,  // which connections were accepted from a socket (NETLINK_SOCK_DIAG)
  thread_calls,       // what a thread of a child waits in (/proc/PID/task/TID/syscall)
  inotify             // to be told of changed files
};
std::span<const KernelFeature> all_kernel_features();

struct TriedFeature {
  KernelFeature feature{};
  int code = 0;  // 0: it is there; else the errno of the try

  friend bool operator==(const TriedFeature&, const TriedFeature&) = default;
};
// In the order of the enum. Makes one child that ends at once, and leaves nothing behind. Takes
// some milliseconds.
std::vector<TriedFeature> try_kernel_features();

}  // namespace superd::os
