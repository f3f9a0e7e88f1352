"""A WSGI application for the scenario tests: tells who answers, and can be slow."""
import json
import os
import time


def app(environ, start_response):
    path = environ.get("PATH_INFO", "/")
    if path == "/pid":
        text = str(os.getpid())
    elif path == "/generation":
        text = os.environ.get("SUPERD_GENERATION", "")
    elif path == "/env":
        text = json.dumps(dict(os.environ))
    elif path == "/slow":
        time.sleep(1)
        text = str(os.getpid())
    else:
        text = "hello"
    body = text.encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


application = app
