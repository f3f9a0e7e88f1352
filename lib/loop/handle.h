#pragma once

#include <memory>
#include <utility>

#include <uv.h>

// The one place that allocates, closes and frees libuv handles.
namespace superd::loop {

// A libuv handle on the heap together with the function that its callback calls. It lives until
// libuv has closed it, which is later than the end of its owner: so an owner may be destroyed
// inside its own callback.
template <class T, class Function>
struct UvNode {
  T raw{};
  Function function;
};

template <class T, class Function>
struct UvClose {
  void operator()(UvNode<T, Function>* node) const noexcept {
    uv_close(reinterpret_cast<uv_handle_t*>(&node->raw), [](uv_handle_t* handle) noexcept {
      delete static_cast<UvNode<T, Function>*>(handle->data);
    });
  }
};

template <class T, class Function>
using UvHandle = std::unique_ptr<UvNode<T, Function>, UvClose<T, Function>>;

// Makes a handle with `init(T*) -> int`, a uv_x_init. A negative libuv error is put into `error`
// and the result is empty.
template <class T, class Function, class Init>
UvHandle<T, Function> make_handle(Function function, Init init, int& error) {
  auto node = std::make_unique<UvNode<T, Function>>();
  error = init(&node->raw);
  if (error < 0) return nullptr;
  node->function = std::move(function);
  node->raw.data = node.get();
  return UvHandle<T, Function>(node.release());
}

}  // namespace superd::loop
