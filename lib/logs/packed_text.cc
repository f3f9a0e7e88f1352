#include "logs/packed_text.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace superd::logs {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr int kGzipHeader = 16 + MAX_WBITS;
constexpr std::uint64_t kApart = std::uint64_t{1} << 20;  // marks, at first
constexpr std::size_t kMostMarks = 64;
// zlib's window, and what it has besides.
constexpr std::size_t kMarkBytes = (std::size_t{1} << MAX_WBITS) + (std::size_t{8} << 10);

}  // namespace

// A place in the text, to go on from.
class Inflation {
 public:
  static Result<Inflation> at_begin() {
    auto stream = std::make_unique<Stream>();
    if (inflateInit2(stream.get(), kGzipHeader) != Z_OK) return no_memory();
    return Inflation(std::move(stream));
  }
  // Goes on from the same place on its own.
  [[nodiscard]] Result<Inflation> copy() const {
    auto stream = std::make_unique<Stream>();
    if (inflateCopy(stream.get(), stream_.get()) != Z_OK) return no_memory();
    Inflation copy(std::move(stream));
    copy.stream_->avail_in = 0;
    copy.behind_input_ = behind_input_ - stream_->avail_in;
    copy.text_offset_ = text_offset_;
    return copy;
  }

  [[nodiscard]] std::uint64_t text_offset() const { return text_offset_; }

  // Fewer bytes than there is room for: the text ends here.
  Result<std::size_t> read(int fd, char* to, std::size_t size) {
    stream_->next_out = reinterpret_cast<Bytef*>(to);
    stream_->avail_out = static_cast<uInt>(size);
    while (stream_->avail_out > 0) {
      if (stream_->avail_in == 0) {
        const Result<std::size_t> count = fill(fd);
        if (!count) return tl::unexpected(count.error());
        if (*count == 0) break;
      }
      if (inflate(stream_.get(), Z_NO_FLUSH) != Z_OK) break;
    }
    const std::size_t had = size - stream_->avail_out;
    text_offset_ += had;
    return had;
  }

 private:
  // zlib knows it by its address.
  struct Stream : z_stream {
    Stream() : z_stream{} {}
    ~Stream() { inflateEnd(this); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
  };

  explicit Inflation(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  static tl::unexpected<Error> no_memory() {
    return fail("no memory to read a compressed file", ENOMEM);
  }

  Result<std::size_t> fill(int fd) {
    input_.resize(kChunk);
    ssize_t count = 0;
    do {
      count = ::pread(fd, input_.data(), input_.size(), static_cast<off_t>(behind_input_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail_errno("cannot read a compressed file", errno);
    behind_input_ += static_cast<std::uint64_t>(count);
    stream_->next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_->avail_in = static_cast<uInt>(count);
    return static_cast<std::size_t>(count);
  }

  std::unique_ptr<Stream> stream_;
  std::vector<char> input_;
  std::uint64_t behind_input_ = 0;  // in the file
  std::uint64_t text_offset_ = 0;
};

PackedText::PackedText() : apart_(kApart) {}
PackedText::PackedText(PackedText&& other) noexcept = default;
PackedText& PackedText::operator=(PackedText&& other) noexcept = default;
PackedText::~PackedText() = default;

Result<PackedText> PackedText::of(int fd) {
  PackedText text;
  Result<Inflation> here = Inflation::at_begin();
  if (!here) return tl::unexpected(here.error());
  std::vector<char> bytes(kChunk);
  for (std::size_t had = bytes.size(); had == bytes.size();) {
    text.mark(*here);
    const Result<std::size_t> count = here->read(fd, bytes.data(), bytes.size());
    if (!count) return tl::unexpected(count.error());
    had = *count;
  }
  if (text.marks_.empty()) return fail("no memory to read a compressed file", ENOMEM);
  text.size_ = here->text_offset();
  return text;
}

void PackedText::mark(const Inflation& here) {
  if (!marks_.empty() && here.text_offset() < marks_.back().text_offset() + apart_) return;
  Result<Inflation> copy = here.copy();
  if (!copy) return;
  marks_.push_back(std::move(*copy));
  if (marks_.size() < kMostMarks) return;
  std::vector<Inflation> fewer;
  for (std::size_t i = 0; i < marks_.size(); i += 2) fewer.push_back(std::move(marks_[i]));
  marks_ = std::move(fewer);
  apart_ *= 2;
}

std::size_t PackedText::mark_bytes() const { return marks_.size() * kMarkBytes; }

std::string PackedText::read(int fd, std::uint64_t offset, std::size_t size) const {
  if (offset >= size_) return {};
  const auto behind =
      std::ranges::upper_bound(marks_, offset, {}, [](const auto& m) { return m.text_offset(); });
  Result<Inflation> here = std::prev(behind)->copy();
  if (!here) return {};
  std::string bytes(std::min<std::uint64_t>(size, size_ - offset), '\0');
  std::vector<char> before(kChunk);
  while (here->text_offset() < offset) {
    const std::size_t skipped =
        std::min<std::uint64_t>(before.size(), offset - here->text_offset());
    if (here->read(fd, before.data(), skipped).value_or(0) < skipped) return {};
  }
  bytes.resize(here->read(fd, bytes.data(), bytes.size()).value_or(0));
  return bytes;
}

Result<std::shared_ptr<const PackedText>> PackedTexts::text_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno("cannot look at a compressed file", errno);
  const File file{.device = info.st_dev,
                  .inode = info.st_ino,
                  .size = info.st_size,
                  .second = info.st_mtim.tv_sec,
                  .nanosecond = info.st_mtim.tv_nsec};
  const auto found = std::ranges::find(known_, file, &Known::file);
  if (found != known_.end()) {
    known_.splice(known_.begin(), known_, found);
    return found->text;
  }
  Result<PackedText> text = PackedText::of(fd);
  if (!text) return tl::unexpected(text.error());
  known_.push_front({file, std::make_shared<const PackedText>(std::move(*text))});
  std::size_t bytes = 0;
  const auto first_out = std::ranges::find_if(known_, [&](const Known& known) {
    bytes += known.text->mark_bytes();
    return bytes > most_bytes_;
  });
  const std::shared_ptr<const PackedText> wanted = known_.front().text;
  known_.erase(first_out, known_.end());
  return wanted;
}

}  // namespace superd::logs
