#include "logs/line_format.h"

#include <cstdlib>

#include "logs/json_line.h"

namespace superd::logs {

bool is_made_of_lines(core::LogFormat format) {
  switch (format) {
    case core::LogFormat::cri:
    case core::LogFormat::json:
      return true;
    case core::LogFormat::raw:
      return false;
  }
  std::abort();
}

void append_line(std::string& out, core::LogFormat format, std::string_view worker,
                 const CriLine& line) {
  switch (format) {
    case core::LogFormat::cri:
      return append_cri(out, line.time, line.stream, line.piece, line.text);
    case core::LogFormat::json:
      return append_json(out, worker, line.time, line.stream, line.piece, line.text);
    case core::LogFormat::raw:
      return;
  }
  std::abort();
}

std::optional<CriLine> parse_line(std::string_view line, core::LogFormat format,
                                  std::string& storage) {
  switch (format) {
    case core::LogFormat::cri:
      return parse_cri(line);
    case core::LogFormat::json:
      return parse_json(line, storage);
    case core::LogFormat::raw:
      return std::nullopt;
  }
  std::abort();
}

}  // namespace superd::logs
