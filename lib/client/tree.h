#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace superd::client {

struct TreeNode {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string label{};
};

// ascii: where LC_ALL, LC_CTYPE or LANG do not name UTF-8.
enum class LineStyle { unicode, ascii };

// The processes as branches under a heading that the caller prints, a line each, siblings by pid.
// A process whose parent is not among them is a branch of its own, and so is one of a circle of
// parents, which a list that was read while processes came and went may show.
std::string draw_tree(std::vector<TreeNode> nodes, LineStyle style);

}  // namespace superd::client
