"""A WSGI application, `app`, that tells who answers: `PROCESS GENERATION RELEASE`.

The release is the name of its directory. /slow?ms=N answers N milliseconds later.
"""
import os
import time
from urllib.parse import parse_qs

RELEASE = os.path.basename(os.path.dirname(os.path.realpath(__file__)))


def app(environ, start_response):
    time.sleep(int(parse_qs(environ.get("QUERY_STRING", "")).get("ms", ["0"])[0]) / 1000)
    body = f"{os.getpid()} {os.environ.get('SUPERD_GENERATION', '0')} {RELEASE}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


application = app
