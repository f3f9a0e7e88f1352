#include "keeper/exit_pipe.h"

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

namespace superd::keeper {

Result<ExitPipe> ExitPipe::create() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return fail_errno("make the pipe of exit records", errno);
  }
  return resume(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

ExitPipe ExitPipe::resume(UniqueFd read, UniqueFd write) {
  auto item = std::make_shared<std::vector<UniqueFd>>();
  item->push_back(std::move(read));
  return {std::move(item), std::move(write)};
}

void ExitPipe::record(const ExitRecord& record) {
  const auto bytes = encode(record);
  for (;;) {
    const ssize_t size = ::write(write_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size >= 0) break;
    if (lost_++ == 0) {
      log::warn("exit records are lost from process {} on: no supervisor reads them",
                record.process.pid);
    }
    return;
  }
  if (lost_ > 0) log::warn("{} exit records were lost", std::exchange(lost_, 0));
}

}  // namespace superd::keeper
