#include "loop/work.h"

#include <cstdlib>
#include <semaphore>

namespace superd::loop {

struct Work::Request {
  uv_work_t raw{};
  std::function<void()> job;
  std::function<void()> on_done;
  std::binary_semaphore ended{0};
  // Keeps the request alive while the pool has it.
  std::shared_ptr<Request> self;
};

Work::Work(Loop& loop, std::function<void()> job, std::function<void()> on_done)
    : request_(std::make_shared<Request>()) {
  request_->job = std::move(job);
  request_->on_done = std::move(on_done);
  request_->self = request_;
  request_->raw.data = request_.get();
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
  if (uv_queue_work(loop.raw(), &request_->raw, run, after) != 0) std::abort();
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
  // Succeeds for a job that no thread has taken yet; the others end by themselves.
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->raw));
}

}  // namespace superd::loop
