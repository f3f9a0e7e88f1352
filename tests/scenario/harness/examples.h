#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/deploy.h"

namespace superd::scenario {

// An example of etc/runners as a user copies it: the file itself, with another address.
struct Example {
  std::string name;  // `uwsgi-single`: etc/runners/uwsgi-single.toml
  Socket socket = Socket::tcp;
  // What a user changes besides, text for text; each must be there.
  std::vector<std::pair<std::string, std::string>> changes{};
};

// The first of the files that its command names and that is not installed; empty: it can run.
std::string missing(const Example& example);

// The config; its `sample` is the release in force of SampleReleases.
std::string config(const Example& example);

// A load on it in the protocol that it speaks: 50 requests a second, every 25th slow.
LoadOptions load_on(const Site& site, const Example& example);

// etc/runners/sample as releases: releases/NAME in the site, and `sample`, the symlink to the one
// in force.
class SampleReleases {
 public:
  explicit SampleReleases(const Site& site);

  void deploy(const std::string& name) const;
  // One in which that file is this text.
  void deploy_broken(const std::string& name, const std::string& file,
                     const std::string& text) const;

 private:
  void make(const std::string& name) const;
  void switch_to(const std::string& name) const;

  const Site& site_;
};

}  // namespace superd::scenario
