#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "loop/loop.h"

namespace superd::loop {

// A job in libuv's thread pool (four threads): for calls that may hang, such as realpath on a file
// system whose server is gone.
//
// The job runs in another thread: it owns by value everything that it touches. Destroying the Work
// before its end is safe: a job that has not begun never runs, one that runs is left to finish, and
// `on_done` is not called. A job that never returns keeps its thread; four of them stop all Works.
// Where no thread can be made, jobs wait until one can.
// Movable; may be destroyed inside its own on_done.
class Work {
 public:
  Work(Loop& loop, std::function<void()> job, std::function<void()> on_done);
  ~Work();
  Work(Work&& other) noexcept;
  Work& operator=(Work&& other) noexcept;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Until on_done was called.
  [[nodiscard]] bool running() const;

  // Holds up the loop until the job has ended, at most so long. True: it has, and on_done was
  // called within; the job and what it owned are gone.
  bool wait(Duration most);

  // The same for a job with a result.
  template <class T>
  static Work with_result(Loop& loop, std::function<T()> job, std::function<void(T)> on_done) {
    auto result = std::make_shared<std::optional<T>>();
    return Work(
        loop, [result, job = std::move(job)] { *result = job(); },
        [result, on_done = std::move(on_done)] { on_done(std::move(**result)); });
  }

 private:
  struct Request;
  void abandon();
  static void submit(Loop& loop, Request& request);

  std::shared_ptr<Request> request_;
};

}  // namespace superd::loop
