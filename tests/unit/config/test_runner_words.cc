#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/text.h"
#include "config/runner_words.h"

using namespace superd;
using namespace superd::config;
using Strings = std::vector<std::string>;

namespace {

FoundProgram found(const std::string& command) {
  INFO(command);
  const auto words = split_words(command);
  REQUIRE(words);
  return find_program(*words);
}

struct Row {
  std::string command;
  Runner runner;
  std::string shown;
};

}  // namespace

TEST_CASE("runner: a program is known by its name, wherever it lies and whatever its version",
          "[config]") {
  const std::vector<Row> rows = {
      {"gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"/srv/web/.venv/bin/gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"gunicorn3 app:app", Runner::gunicorn, "gunicorn3"},
      {"uwsgi --ini app.ini", Runner::uwsgi, "uwsgi"},
      {"/usr/bin/uwsgi_python311 app.ini", Runner::uwsgi, "uwsgi_python311"},
      {"waitress-serve app:app", Runner::waitress, "waitress-serve"},
      {"uvicorn aapp:app", Runner::uvicorn, "uvicorn"},
      {"hypercorn aapp:app", Runner::hypercorn, "hypercorn"},
      {"cheroot app:app", Runner::cheroot, "cheroot"},
      {"/usr/sbin/apache2 -DFOREGROUND", Runner::mod_wsgi, "apache2"},
      {"httpd -DFOREGROUND", Runner::mod_wsgi, "httpd"},
      {"apache2ctl -DFOREGROUND", Runner::mod_wsgi, "apache2ctl"},
      {"daphne aapp:app", Runner::daphne, "daphne"},
      {"twist3 web --wsgi app.app", Runner::twist, "twist3"},
      {"twistd -n web", Runner::twist, "twistd"},
      {"puma -b tcp://127.0.0.1:80", Runner::puma, "puma"},
      {"unicorn_rails -c unicorn.rb", Runner::unicorn, "unicorn_rails"},
      {"php-fpm8.2 -F", Runner::php_fpm, "php-fpm8.2"},
      {"php8.2-fpm -F", Runner::php_fpm, "php8.2-fpm"},
      {"node server.js", Runner::node, "node"},
      {"nodejs20 server.js", Runner::node, "nodejs20"},
      {"sleep 1", Runner::none, "sleep"},
      {"./gunicorn.sh", Runner::none, "gunicorn.sh"},
      {"celery worker", Runner::none, "celery"},
  };
  for (const Row& row : rows) {
    const FoundProgram program = found(row.command);
    CHECK(program.runner == row.runner);
    CHECK(program.shown == row.shown);
  }
}

TEST_CASE("runner: it is found behind interpreters, environments and wrappers", "[config]") {
  const std::vector<Row> rows = {
      {"python3 -m gunicorn app:app", Runner::gunicorn, "python3 -m gunicorn"},
      {"/venv/bin/python -Xdev -mgunicorn app:app", Runner::gunicorn, "python -m gunicorn"},
      {"python3 -X dev -W ignore -um uvicorn aapp:app", Runner::uvicorn, "python3 -m uvicorn"},
      {"python3 -X importtime /venv/bin/gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"python3.11 -u /usr/bin/waitress-serve app:app", Runner::waitress, "waitress-serve"},
      {"python3 -m cheroot app:app", Runner::cheroot, "python3 -m cheroot"},
      {"python3 -m twisted web", Runner::twist, "python3 -m twisted"},
      {"python3 manage.py runserver", Runner::none, "python3 manage.py"},
      {"python3 -m http.server", Runner::none, "python3 -m http.server"},
      {"python3 -c 'import gunicorn'", Runner::none, "python3"},
      {"env A=b -i C=d gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"env -u HOME -C /srv A=b python3 -m gunicorn app:app", Runner::gunicorn,
       "python3 -m gunicorn"},
      {"env -S 'A=b gunicorn app:app'", Runner::gunicorn, "gunicorn"},
      {"bundle exec puma", Runner::puma, "puma"},
      {"bundle exec --keep-file-descriptors unicorn -c u.rb", Runner::unicorn, "unicorn"},
      {"ruby -I lib bin/puma", Runner::puma, "puma"},
      {"nice -n 5 ionice -c2 -n7 gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"nice -5 gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"setpriv --reuid 33 --clear-groups --no-new-privs uwsgi app.ini", Runner::uwsgi, "uwsgi"},
      {"stdbuf -oL -e 0 gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"chrt -i 0 gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"taskset -c 0-3 gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"poetry run gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"pipenv run gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"newrelic-admin run-program gunicorn app:app", Runner::gunicorn, "gunicorn"},
      {"ddtrace-run uwsgi app.ini", Runner::uwsgi, "uwsgi"},
      {"sh -c 'exec gunicorn app:app'", Runner::gunicorn, "gunicorn"},
      {"poetry install", Runner::none, "poetry"},
      {"env", Runner::none, "env"},
      {"nice", Runner::none, "nice"},
  };
  for (const Row& row : rows) {
    const FoundProgram program = found(row.command);
    CHECK(program.runner == row.runner);
    CHECK(program.shown == row.shown);
    CHECK_FALSE(program.in_front);
  }
}

TEST_CASE("runner: superd's own launchers are known, each for its runner", "[config]") {
  const std::vector<Row> rows = {
      {"python3 /usr/local/share/superd/runners/superd-waitress app:app", Runner::waitress,
       "superd-waitress"},
      {"/opt/superd-cheroot app:app", Runner::cheroot, "superd-cheroot"},
      {"python3 superd-uvicorn app:app", Runner::uvicorn, "superd-uvicorn"},
      {"python3 superd-hypercorn app:app", Runner::hypercorn, "superd-hypercorn"},
      {"superd-gevent app:app", Runner::gevent, "superd-gevent"},
      {"python3 superd-wsgiref app:app", Runner::wsgiref, "superd-wsgiref"},
      {"node /opt/superd-node.js app.js", Runner::node, "node"},
  };
  for (const Row& row : rows) {
    const FoundProgram program = found(row.command);
    CHECK(program.runner == row.runner);
    CHECK(program.shown == row.shown);
    CHECK(program.is_launcher);
  }
  CHECK_FALSE(found("node server.js").is_launcher);
}

TEST_CASE("runner: what stays in front of it is told, and so is a shell", "[config]") {
  for (const std::string command :
       {"uv run --with httptools gunicorn app:app", "conda run -n web gunicorn app:app",
        "timeout -k 5 1h gunicorn app:app", "sudo -u www-data gunicorn app:app",
        "dumb-init -- gunicorn app:app"}) {
    const FoundProgram program = found(command);
    CHECK(program.runner == Runner::gunicorn);
    REQUIRE(program.in_front);
    CHECK(program.in_front->word == 0);
  }
  CHECK(found("nice uv run gunicorn app:app").in_front->word == 1);
  CHECK_FALSE(found("tini -- gunicorn app:app").in_front);
  for (const std::string command :
       {"sh -c 'gunicorn app:app'", "bash -c 'cd /srv && exec gunicorn app:app'",
        "sh -c 'exec gunicorn $ARGS'", "sh start.sh"}) {
    CHECK(found(command).through_shell);
    CHECK(found(command).runner == Runner::none);
  }
  CHECK(mentions_runner("cd /srv && /venv/bin/gunicorn app:app; echo done") == Runner::gunicorn);
  CHECK_FALSE(mentions_runner("cd /srv && ./serve"));
}

TEST_CASE("runner: its own words are those behind it, each with its place in the command",
          "[config]") {
  const FoundProgram program = found("env A=b C= python3 -m gunicorn -w 2 app:app");
  CHECK(program.arguments == Strings{"-w", "2", "app:app"});
  CHECK(program.places == std::vector<std::size_t>{6, 7, 8});
  CHECK(program.word == 5);
  REQUIRE(program.env.size() == 2);
  CHECK(program.env[0].name == "A");
  CHECK(program.env[1].value.empty());
  CHECK(found("sh -c 'exec gunicorn -w 2 app:app'").places == std::vector<std::size_t>{2, 2, 2});
  CHECK(find_program(Strings{}).shown.empty());
}
