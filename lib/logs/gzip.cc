#include "logs/gzip.h"

#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include "base/unique_fd.h"
#include "logs/file_origin.h"

namespace superd::logs {
namespace {

constexpr std::size_t kChunk = std::size_t{64} * 1024;
// zlib's number for a gzip header around the deflated bytes.
constexpr int kGzip = 16 + MAX_WBITS;

using Chunk = std::vector<Bytef>;

Status write_all(int fd, const Bytef* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot write", errno);
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return {};
}

// The bytes at `offset`, fewer at the end of the file.
Result<std::size_t> read_at(int fd, Chunk& chunk, off_t offset) {
  for (;;) {
    const ssize_t count = ::pread(fd, chunk.data(), chunk.size(), offset);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail_errno("cannot read", errno);
  }
}

class Deflater {
 public:
  explicit Deflater(std::string comment)
      : comment_(std::move(comment)),
        ready_(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK) {
    header_.comment = reinterpret_cast<Bytef*>(comment_.data());
    constexpr int kUnix = 3;
    header_.os = kUnix;
    if (ready_) deflateSetHeader(&stream_, &header_);
  }
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }

  // Writes what these bytes become; `flush`: Z_FINISH with the last ones.
  Status feed(Chunk& in, std::size_t size, int flush, int to) {
    stream_.next_in = in.data();
    stream_.avail_in = static_cast<uInt>(size);
    do {
      stream_.next_out = out_.data();
      stream_.avail_out = static_cast<uInt>(out_.size());
      deflate(&stream_, flush);
      if (Status written = write_all(to, out_.data(), out_.size() - stream_.avail_out); !written)
        return written;
    } while (stream_.avail_out == 0);
    return {};
  }

 private:
  z_stream stream_{};
  std::string comment_;
  gz_header header_{};
  Chunk out_ = Chunk(kChunk);
  bool ready_;
};

Status compress_into(int from, int to, const std::atomic<bool>& stop) {
  Deflater deflater(to_gzip_comment(origin_of(from)));
  if (!deflater.ready()) return fail("no memory to compress", ENOMEM);
  Chunk in(kChunk);
  for (off_t offset = 0;;) {
    if (stop) return fail("given up", ECANCELED);
    const Result<std::size_t> count = read_at(from, in, offset);
    if (!count) return tl::unexpected(count.error());
    offset += static_cast<off_t>(*count);
    Status fed = deflater.feed(in, *count, *count == 0 ? Z_FINISH : Z_NO_FLUSH, to);
    if (!fed) return fed;
    if (*count == 0) break;
  }
  if (fdatasync(to) != 0) return fail_errno("cannot bring to the disk", errno);
  return {};
}

}  // namespace

Status compress_file(int from, const std::string& to, const std::atomic<bool>& stop) {
  const UniqueFd file(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file) return fail_errno(fmt::format("cannot make {}", to), errno);
  Status status = compress_into(from, file.get(), stop);
  if (status) return status;
  unlink(to.c_str());
  return fail(fmt::format("cannot compress into {}: {}", to, status.error().message),
              status.error().code);
}

}  // namespace superd::logs
