#pragma once

#include "config/field.h"
#include "core/spec.h"

// What is asked by HTTP: ready.when = "http" and roll.rehearse.
namespace superd::config {

// `http`: a path, or a table {path, status}. Where no status is written, 200 to 399 count.
core::HttpSpec read_http(const Field& field);

// What a group lacks that is to be asked by HTTP: a private socket. `place`: of what asks for it.
void check_http(const Field& place, const core::GroupSpec& group);

}  // namespace superd::config
