#pragma once

#include <string>

#include "base/result.h"
#include "os/listen_socket.h"

// The name of a unix listener in the file system: clearing the way for it, giving it its owner and
// mode, and keeping a second name (the anchor) from which a removed one is put back.
namespace superd::os {

// Removes a socket file that nobody listens on. EADDRINUSE: somebody does; EEXIST: it is no socket;
// both say what to do. Nothing there: success.
Status clear_stale_socket(const std::string& path);

// For the socket just bound to request.path and not yet listening: owner and mode as asked.
Status set_path_owner(const ListenRequest& request);

// For one whose anchor was made: owner and mode as asked from now on. ENOENT: the path does not
// lead to it, or it has no anchor to prove that.
Status change_path_owner(const ListenRequest& request);

// Makes the anchor of the socket at request.path; where neither place takes it there is none, and
// restore_path will say so.
void make_anchor(const ListenRequest& request);

enum class PathState { as_it_was, put_back };
// Compares the path with its anchor and brings it back where it is gone or another socket. An
// anchor that is gone is made again where the path still leads to `fd`, the socket. ENOENT: neither
// is left.
Result<PathState> restore_path(int fd, const ListenRequest& request);

// Removes the path where it is still the anchor's socket or nobody listens on it, and the anchor.
void remove_path(const ListenRequest& request);

}  // namespace superd::os
