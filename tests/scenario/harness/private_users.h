#pragma once

#include <string>

#include <sys/types.h>

#include "harness/mode.h"

namespace superd::scenario {

// An /etc/passwd that this process and what it starts see alone, for users that come and go. Needs
// root; skips the test where there can be no mount namespace.
class PrivateUsers {
 public:
  PrivateUsers();

  void add(const std::string& name, uid_t uid) const;
  void remove(const std::string& name) const;

 private:
  TempDir dir_;
  std::string file_;
};

}  // namespace superd::scenario
