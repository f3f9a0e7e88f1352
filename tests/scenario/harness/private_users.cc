#include "harness/private_users.h"

#include <filesystem>
#include <fstream>

#include <sched.h>
#include <sys/mount.h>

namespace superd::scenario {

PrivateUsers::PrivateUsers() : file_(dir_.path() + "/passwd") {
  std::filesystem::copy_file("/etc/passwd", file_);
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(file_.c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) != 0) {
    skip("no mount namespace of our own here, so there is no /etc/passwd of our own");
  }
}

void PrivateUsers::add(const std::string& name, uid_t uid) const {
  std::ofstream(file_, std::ios::app)
      << name << ":x:" << uid << ":" << uid << "::/nonexistent:/usr/sbin/nologin\n";
}

// The file is written over, not replaced: the mount shows this very file.
void PrivateUsers::remove(const std::string& name) const {
  std::ifstream in(file_);
  std::string rest;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name + ":", 0) != 0) rest += line + "\n";
  }
  std::ofstream(file_, std::ios::trunc) << rest;
}

}  // namespace superd::scenario
