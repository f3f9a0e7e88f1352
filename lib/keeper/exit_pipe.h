#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/channel.h"
#include "keeper/exit_record.h"

namespace superd::keeper {

// The pipe of ExitRecords, both ends of which the keeper holds: what it reaps while no supervisor
// runs waits in there for the next one.
class ExitPipe {
 public:
  static Result<ExitPipe> create();
  // Of a keeper whose place this one takes.
  static ExitPipe resume(UniqueFd read, UniqueFd write);

  // Never waits: with 4096 records unread further ones are lost; that is counted and logged.
  void record(const ExitRecord& record);
  // The read end, for the item `exits`.
  [[nodiscard]] const Descriptors& read_end() const { return read_; }
  [[nodiscard]] int write_fd() const { return write_.get(); }

 private:
  ExitPipe(Descriptors read, UniqueFd write) : read_(std::move(read)), write_(std::move(write)) {}

  Descriptors read_;
  UniqueFd write_;
  std::uint64_t lost_ = 0;
};

}  // namespace superd::keeper
