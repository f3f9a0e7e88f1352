#include "keeper/exit_record.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace superd::keeper {
namespace {

struct Layout {
  std::uint64_t start_time = 0;
  std::int32_t pid = 0;
  std::int32_t wait_status = 0;
};
static_assert(sizeof(Layout) == kExitRecordSize);

}  // namespace

std::array<char, kExitRecordSize> encode(const ExitRecord& record) {
  const Layout layout{.start_time = record.process.start_time,
                      .pid = record.process.pid,
                      .wait_status = os::to_wait_status(record.exit)};
  std::array<char, kExitRecordSize> bytes{};
  std::memcpy(bytes.data(), &layout, bytes.size());
  return bytes;
}

ExitRecord decode_exit(const std::array<char, kExitRecordSize>& bytes) {
  Layout layout;
  std::memcpy(&layout, bytes.data(), bytes.size());
  return {.process = {.pid = layout.pid, .start_time = layout.start_time},
          .exit = os::exit_from_wait_status(layout.wait_status)};
}

Result<std::vector<ExitRecord>> read_exits(int pipe_fd, std::size_t limit) {
  std::vector<ExitRecord> records;
  std::array<char, kExitRecordSize> bytes{};
  while (records.size() < limit) {
    // Records are written whole and nothing else is in the pipe: a read gives one of them or none.
    const ssize_t size = ::read(pipe_fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return fail_errno("read the keeper's exit records", errno);
    if (size != static_cast<ssize_t>(bytes.size())) break;
    records.push_back(decode_exit(bytes));
  }
  return records;
}

}  // namespace superd::keeper
