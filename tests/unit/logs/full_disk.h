#pragma once

#include <csignal>

#include <sys/resource.h>

namespace superd::logs {

// Writes beyond this size fail with EFBIG as long as it lives, as they do on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) {
    // NOLINTNEXTLINE(cert-err33-c): the handler before is not needed.
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit low = before_;
    low.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace superd::logs
