#include "logs/compressor.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <thread>
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

// Of the thread alone, for good.
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
  if (job_) job_->stop = true;
}

bool Compressor::has_to_do_with(const std::string& path) const {
  return (job_ && job_->path == path) || std::ranges::find(waiting_, path) != waiting_.end();
}

void Compressor::want(const std::string& path) {
  if (std::ranges::find(waiting_, path) == waiting_.end()) waiting_.push_back(path);
  next();
}

void Compressor::next() {
  if (job_ || waiting_.empty()) return;
  job_ = std::make_shared<Job>();
  job_->path = std::move(waiting_.front());
  job_->temporary = job_->path + ".gz.part";
  waiting_.pop_front();
  alone_(
      job_->path,
      [job = job_] {
        if (!begin(*job)) job->stop = true;
      },
      [this] {
        if (!job_->stop) return compress();
        job_.reset();
        next();
      });
}

bool Compressor::begin(Job& job) {
  const int number = newest_uncompressed(job.path);
  if (number == 0) return false;
  Result<UniqueFd> opened = open_for_reading(rotated_path(job.path, number));
  struct stat info {};
  if (!opened || fstat(opened->get(), &info) != 0) {
    log::warn("{} is not compressed{}", rotated_path(job.path, number),
              opened ? "" : ": " + opened.error().message);
    return false;
  }
  job.device = info.st_dev;
  job.inode = info.st_ino;
  // Left over from a logger that was killed.
  unlink(job.temporary.c_str());
  job.file = std::move(*opened);
  return true;
}

void Compressor::compress() {
  work_.emplace(
      loop_,
      [job = job_] {
        // A thread of the pool would keep its low priority, and write logs with it.
        try {
          std::thread patient([&job] {
            be_patient();
            job->status = compress_file(job->file.get(), job->temporary, job->stop);
          });
          patient.join();
        } catch (const std::system_error& error) {
          job->status = fail_errno("no thread to compress it", error.code().value());
        }
      },
      [this] {
        alone_(
            job_->path,
            [job = job_] {
              if (job->status) job->status = replace(*job);
            },
            [this] { finish(); });
      });
}

void Compressor::finish() {
  const std::shared_ptr<Job> job = std::move(job_);
  job_ = nullptr;
  if (!job->status) {
    log::warn("a rotated log file stays uncompressed: {}", job->status.error().message);
    next();
  } else {
    want(job->path);
  }
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
