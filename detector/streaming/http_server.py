"""The worker's own small web surface: `/metrics`, `/livez`, `/readyz` and nothing else, in a thread of its own.

The thread keeps the answers honest: they come, and say so, also when the worker's event loop hangs.
"""

import asyncio
import contextlib
import errno
import hmac
import json
import os
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from detector.errors import DetectorError
from detector.streaming.health import Answer, Health

HEAD_LIMIT: Final = 8_192
"""Bytes of a request; none of ours has a body."""

PATIENCE_SECONDS: Final = 5.0
"""For a client to send its request, and again to take the answer."""

CONNECTIONS: Final = 512
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class HttpServer:
    """Serves the probes of `health` and what `metrics` gives (the text of an exposition).

    With a `token`, `/metrics` asks for it as a bearer token; the probes never do. Port 0 takes a free one.
    """

    def __init__(
        self, *, host: str, port: int, health: Health, metrics: Callable[[], bytes], token: str | None = None
    ) -> None:
        self._address = (host.strip("[]"), port)
        self._health = health
        self._metrics = metrics
        self._token = token
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._open = 0

    def start(self) -> int:
        """Listen, and give the port; raises DetectorError (78) where the address cannot be had."""
        host, port = self._address
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server(self._address, family=family)
        except OSError as error:
            raise DetectorError(f"{host}:{port} {_why(error)} — set another http_port or http_host") from None
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening, started), name="http", daemon=True)
        self._thread.start()
        started.wait(PATIENCE_SECONDS)
        return int(listening.getsockname()[1])

    def stop(self) -> None:
        """Close the port; what is being answered is given up."""
        if self._loop and self._stopping and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(PATIENCE_SECONDS)

    def _run(self, listening: socket.socket, started: threading.Event) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._stopping = stopping = asyncio.Event()
            server = await asyncio.start_server(self._connected, sock=listening, limit=HEAD_LIMIT)
            started.set()
            await stopping.wait()
            server.close()

        asyncio.run(serve())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.decode("latin-1")))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()  # too slow, too long, or gone: nobody waits for an answer
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _answer(self, head: str) -> bytes:
        method, _, rest = head.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if path not in ("/metrics", "/livez", "/readyz"):
            return _response(HTTPStatus.NOT_FOUND, _said("there is /metrics, /livez and /readyz"))
        if method not in ("GET", "HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, _said("GET or HEAD"), "Allow: GET, HEAD\r\n")
        if path == "/metrics":
            if self._token and not hmac.compare_digest(_bearer(head).encode(), self._token.encode()):
                return _response(HTTPStatus.UNAUTHORIZED, _said("a bearer token"), "WWW-Authenticate: Bearer\r\n")
            return _response(HTTPStatus.OK, self._metrics(), kind=METRICS_TYPE, bodiless=method == "HEAD")
        answer: Answer = self._health.live() if path == "/livez" else self._health.ready()
        status = HTTPStatus.OK if answer.ok else HTTPStatus.SERVICE_UNAVAILABLE
        body = json.dumps({"ok": answer.ok, "reason": answer.reason}).encode()
        return _response(status, body, bodiless=method == "HEAD")


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "is in use by another process"
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else str(error.strerror or error)  # resolvers have numbers below 0
    return f"cannot be listened at: {reason.lower()}"


def _said(reason: str) -> bytes:
    return json.dumps({"ok": False, "reason": reason}).encode()


def _bearer(head: str) -> str:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "authorization":
            scheme, _, token = value.strip().partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


def _response(
    status: HTTPStatus, body: bytes, extra: str = "", *, kind: str = "application/json", bodiless: bool = False
) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n{extra}\r\n"
    )
    return head.encode("latin-1") + (b"" if bodiless else body)
