#include "logs/compressor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unique_fd.h"
#include "logs/gzip.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

// Of the thread alone, which does nothing else.
void be_patient() {
  constexpr int kNice = 10;
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice));
}

// The number that the file has by now; 0: it is gone.
int number_of(const std::string& path, dev_t device, ino_t inode) {
  for (int number = 1;; ++number) {
    struct stat info {};
    const bool plain = lstat(rotated_path(path, number).c_str(), &info) == 0;
    if (plain && info.st_dev == device && info.st_ino == inode) return number;
    if (!plain && access(compressed_path(path, number).c_str(), F_OK) != 0) return 0;
  }
}

}  // namespace

Compressor::~Compressor() {
  if (job_) *job_->stop = true;
}

void Compressor::want(const std::string& path) {
  if (std::ranges::find(waiting_, path) == waiting_.end()) waiting_.push_back(path);
  if (!job_) next();
}

void Compressor::next() {
  while (!waiting_.empty()) {
    const std::string path = std::move(waiting_.front());
    waiting_.pop_front();
    if (begin(path)) return;
  }
}

bool Compressor::begin(const std::string& path) {
  const int number = newest_uncompressed(path);
  if (number == 0) return false;
  Result<UniqueFd> opened = open_for_reading(rotated_path(path, number));
  struct stat info {};
  if (!opened || fstat(opened->get(), &info) != 0) {
    log::warn("{} is not compressed{}", rotated_path(path, number),
              opened ? "" : ": " + opened.error().message);
    return false;
  }
  job_.emplace(Job{
      .path = path, .temporary = path + ".gz.part", .device = info.st_dev, .inode = info.st_ino});
  // Left over from a logger that was killed.
  unlink(job_->temporary.c_str());
  // std::function wants what can be copied.
  auto file = std::make_shared<UniqueFd>(std::move(*opened));
  work_.emplace(loop::Work::with_result<Status>(
      loop_,
      [file, to = job_->temporary, stop = job_->stop] {
        be_patient();
        return compress_file(file->get(), to, *stop);
      },
      [this](const Status& status) { finish(status); }));
  return true;
}

void Compressor::finish(const Status& status) {
  const Job job = std::move(*job_);
  job_.reset();
  const Status replaced = status ? replace(job) : status;
  if (!replaced) {
    log::warn("a rotated log file stays uncompressed: {}", replaced.error().message);
  } else {
    want(job.path);
  }
  if (!job_) next();
}

Status Compressor::replace(const Job& job) {
  const int number = number_of(job.path, job.device, job.inode);
  if (number == 0) {
    unlink(job.temporary.c_str());
    return {};
  }
  const std::string to = compressed_path(job.path, number);
  if (rename(job.temporary.c_str(), to.c_str()) != 0) {
    const int error = errno;
    unlink(job.temporary.c_str());
    return fail_errno(fmt::format("cannot rename {} to {}", job.temporary, to), error);
  }
  unlink(rotated_path(job.path, number).c_str());
  return {};
}

}  // namespace superd::logs
