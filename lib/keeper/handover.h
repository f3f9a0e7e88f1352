#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::keeper {

// What a keeper hands to the program that takes its place by exec: the same process goes on, with
// the descriptors that are named here by their numbers. It is written by one version of superd and
// read by another: a field that the reader does not know is ignored, one that is missing has its
// default.
struct Handover {
  struct HeldItem {
    std::string name;
    std::vector<int> fds;
  };
  struct Child {
    pid_t pid = -1;  // -1: none lives
    int link = -1;   // the keeper's end of the pair; -1: closed already
  };
  std::vector<HeldItem> items;
  std::vector<int> pending_signals;
  int exits_read = -1;
  int exits_write = -1;
  int runtime_dir = -1;
  int guard = -1;  // os/runtime_guard.h; -1: there is none
  int ready = -1;  // who waits for the first start; -1: nobody
  Child supervisor;
  Child logger;
  bool started = false;
  std::string notify_socket;
  std::chrono::milliseconds watchdog{0};  // 0: none
};

// Every descriptor that is named.
std::vector<int> descriptors_of(const Handover& handover);

std::string encode(const Handover& handover);
// Fails, with the reason, for what is cut, of a later format, or cannot be meant: a descriptor
// below 3, or one with two names, a name that is no item's, no lock or no pipe of exit records.
Result<Handover> decode_handover(std::string_view text);

// The state in a sealed memfd, close-on-exec, and back.
Result<UniqueFd> write_handover(const Handover& handover);
Result<Handover> read_handover(int fd);

}  // namespace superd::keeper
