"""As app.py, for ASGI runners."""
import asyncio
import os
from urllib.parse import parse_qs

RELEASE = os.path.basename(os.path.dirname(os.path.realpath(__file__)))


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.sleep(int(parse_qs(scope["query_string"].decode()).get("ms", ["0"])[0]) / 1000)
    body = f"{os.getpid()} {os.environ.get('SUPERD_GENERATION', '0')} {RELEASE}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
