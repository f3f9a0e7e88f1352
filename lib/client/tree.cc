#include "client/tree.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "client/printable.h"

namespace superd::client {
namespace {

struct Strokes {
  const char* branch;
  const char* last;
  const char* pass;
};

constexpr Strokes kUnicode = {"├─ ", "└─ ", "│  "};
constexpr Strokes kAscii = {"|- ", "`- ", "|  "};
constexpr const char* kBlank = "   ";

class Drawing {
 public:
  Drawing(std::vector<TreeNode> nodes, LineStyle style)
      : nodes_(std::move(nodes)), strokes_(style == LineStyle::unicode ? kUnicode : kAscii) {
    std::ranges::sort(nodes_, {}, &TreeNode::pid);
    std::set<pid_t> pids;
    for (const auto& node : nodes_) pids.insert(node.pid);
    for (const auto& node : nodes_) {
      if (pids.contains(node.parent)) children_[node.parent].push_back(&node);
    }
    for (const auto& node : nodes_) {
      if (!pids.contains(node.parent)) plant(node);
    }
    for (const auto& node : nodes_) {
      if (!planted_.contains(node.pid)) plant(node);
    }
  }

  std::string draw() {
    draw_all(roots_, "");
    return std::move(out_);
  }

 private:
  // Marks everything below as reached, so that a circle gets exactly one root.
  void plant(const TreeNode& root) {
    roots_.push_back(&root);
    std::vector<const TreeNode*> open = {&root};
    while (!open.empty()) {
      const TreeNode* node = open.back();
      open.pop_back();
      if (!planted_.insert(node->pid).second) continue;
      for (const auto* child : children_[node->pid]) open.push_back(child);
    }
  }

  void draw_all(const std::vector<const TreeNode*>& siblings, const std::string& indent) {
    std::vector<const TreeNode*> fresh;
    for (const auto* node : siblings) {
      const bool other_root = &siblings != &roots_ && std::ranges::count(roots_, node) > 0;
      if (!other_root) fresh.push_back(node);
    }
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      const bool is_last = i + 1 == fresh.size();
      const TreeNode& node = *fresh[i];
      out_ += indent + (is_last ? strokes_.last : strokes_.branch) + std::to_string(node.pid);
      if (!node.label.empty()) out_ += ' ' + printable(node.label);
      out_ += '\n';
      draw_all(children_[node.pid], indent + (is_last ? kBlank : strokes_.pass));
    }
  }

  std::vector<TreeNode> nodes_;
  Strokes strokes_;
  std::map<pid_t, std::vector<const TreeNode*>> children_;
  std::vector<const TreeNode*> roots_;
  std::set<pid_t> planted_;
  std::string out_;
};

}  // namespace

std::string draw_tree(std::vector<TreeNode> nodes, LineStyle style) {
  return Drawing(std::move(nodes), style).draw();
}

}  // namespace superd::client
