#include "loop/work.h"

#include <algorithm>
#include <cstdlib>
#include <semaphore>

#include "base/log.h"
#include "loop/timer.h"
#include "os/thread_trial.h"

namespace superd::loop {
namespace {

// As many as libuv makes (docs.libuv.org, threadpool).
int pool_threads() {
  constexpr int kDefault = 4;
  const char* wanted = std::getenv("UV_THREADPOOL_SIZE");
  if (wanted == nullptr) return kDefault;
  return std::clamp(std::atoi(wanted), 1, 1024);
}

constexpr std::chrono::milliseconds kPause{200};

// libuv makes its threads at the first job, and aborts where it cannot.
bool pool_is_there() {
  static bool there = false;
  static bool told = false;
  if (there) return true;
  const Status tried = os::try_threads(pool_threads());
  there = tried.has_value();
  if (!there && !told) log::warn("{}; trying again until it works", tried.error().message);
  if (there && told) log::info("threads can be made again");
  told = !there;
  return there;
}

}  // namespace

struct Work::Request {
  uv_work_t raw{};
  std::function<void()> job;
  std::function<void()> on_done;
  std::binary_semaphore ended{0};
  std::optional<Timer> retry;
  // Keeps the request alive while the pool has it, or it waits for one.
  std::shared_ptr<Request> self;
};

Work::Work(Loop& loop, std::function<void()> job, std::function<void()> on_done)
    : request_(std::make_shared<Request>()) {
  request_->job = std::move(job);
  request_->on_done = std::move(on_done);
  request_->self = request_;
  request_->raw.data = request_.get();
  submit(loop, *request_);
}

void Work::submit(Loop& loop, Request& waiting) {
  if (!pool_is_there()) {
    if (!waiting.retry) waiting.retry.emplace(loop, [&loop, &waiting] { submit(loop, waiting); });
    waiting.retry->after(kPause);
    return;
  }
  const auto run = [](uv_work_t* raw) noexcept {
    auto* request = static_cast<Request*>(raw->data);
    request->job();
    request->ended.release();
  };
  const auto after = [](uv_work_t* raw, int) noexcept {
    const std::shared_ptr<Request> request = std::move(static_cast<Request*>(raw->data)->self);
    // Taken out, so that a Work that is destroyed in there does not destroy what is running.
    const std::function<void()> done = std::exchange(request->on_done, nullptr);
    if (done) done();
  };
  // Fails only without a job.
  if (uv_queue_work(loop.raw(), &waiting.raw, run, after) != 0) std::abort();
}

Work::~Work() { abandon(); }

Work::Work(Work&& other) noexcept : request_(std::exchange(other.request_, nullptr)) {}

Work& Work::operator=(Work&& other) noexcept {
  if (this != &other) {
    abandon();
    request_ = std::exchange(other.request_, nullptr);
  }
  return *this;
}

bool Work::running() const { return request_ && request_->self && request_->on_done; }

bool Work::wait(Duration most) {
  if (!running() || !request_->ended.try_acquire_for(most)) return false;
  // The thread touches neither any more; libuv has yet to be told.
  const std::shared_ptr<Request> request = request_;
  request->job = nullptr;
  const std::function<void()> done = std::exchange(request->on_done, nullptr);
  done();
  return true;
}

void Work::abandon() {
  if (!running()) return;
  request_->on_done = nullptr;
  if (request_->retry && request_->retry->armed()) {
    request_->retry.reset();
    request_->self.reset();
    return;
  }
  // Succeeds for a job that no thread has taken yet; the others end by themselves.
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->raw));
}

}  // namespace superd::loop
