"""The web surface: three paths, closed by default, that answer while the event loop hangs and clients dawdle."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from detector.errors import CONFIG, DetectorError
from detector.streaming.health import Health
from detector.streaming.http_server import METRICS_TYPE, HttpServer

Ask = Callable[..., tuple[int, str, str]]
TOKEN = "canary-token"  # noqa: S105 - not a secret


def serve(health: Health | None = None, **options: str) -> tuple[HttpServer, int]:
    server = HttpServer(
        host="127.0.0.1", port=0, health=health or Health(), metrics=lambda: b"detector_x 1\n", **options
    )
    return server, server.start()


@pytest.fixture
def port() -> Iterator[int]:
    server, port = serve()
    yield port
    server.stop()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Content-Type", "")
    finally:
        connection.close()


def test_metrics_are_served_as_text(port: int) -> None:
    assert ask(port, "/metrics") == (200, "detector_x 1\n", METRICS_TYPE)


def test_probes_give_a_reason_as_json() -> None:
    health = Health()
    server, port = serve(health)
    assert ask(port, "/livez")[0] == 200
    status, body, kind = ask(port, "/readyz")
    assert (status, json.loads(body), kind) == (503, {"ok": False, "reason": "starting"}, "application/json")
    health.broker(connected=True)
    health.readiness(ready=True, reason="working")
    assert ask(port, "/readyz")[:2] == (200, '{"ok": true, "reason": "working"}')
    server.stop()


@pytest.mark.parametrize("path", ["/", "/router/", "/table/", "/graph/", "/stats", "/metrics/", "/livez/x", "*"])
def test_there_is_nothing_else(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


def test_a_question_mark_changes_nothing_and_head_has_no_body(port: int) -> None:
    assert ask(port, "/livez?verbose")[0] == 200
    assert ask(port, "/metrics", "HEAD")[:2] == (200, "")
    assert ask(port, "/metrics", "POST")[0] == 405


def test_with_a_token_metrics_ask_for_it_and_probes_do_not() -> None:
    server, port = serve(token=TOKEN)
    assert ask(port, "/metrics")[0] == 401
    assert ask(port, "/metrics", Authorization="Bearer wrong")[0] == 401
    assert ask(port, "/metrics", Authorization=f"Basic {TOKEN}")[0] == 401
    assert ask(port, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(port, "/livez")[0] == 200
    assert TOKEN not in ask(port, "/metrics")[1]
    server.stop()


def test_a_port_in_use_is_told_in_one_line() -> None:
    server, port = serve()
    second = HttpServer(host="127.0.0.1", port=port, health=Health(), metrics=lambda: b"")
    with pytest.raises(DetectorError, match=f"127.0.0.1:{port} is in use by another process — set another") as caught:
        second.start()
    assert caught.value.exit_code == CONFIG
    server.stop()


def test_an_address_that_is_not_ours_is_told_in_one_line() -> None:
    with pytest.raises(DetectorError, match=r"192\.0\.2\.1:0 cannot be listened at: cannot assign requested address"):
        HttpServer(host="192.0.2.1", port=0, health=Health(), metrics=lambda: b"").start()


def test_after_the_stop_the_port_is_closed() -> None:
    server, port = serve()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_two_hundred_dawdlers_do_not_keep_a_probe_waiting(port: int) -> None:
    dawdlers = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for dawdler in dawdlers:
        dawdler.sendall(b"GET /livez HTTP/1.1\r\nX-")
    began = time.monotonic()
    assert ask(port, "/livez")[0] == 200
    assert time.monotonic() - began < 2.0
    for dawdler in dawdlers:
        dawdler.close()


def test_an_endless_request_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        try:
            for _ in range(200):
                client.sendall(b"X" * 8_192)
            left = client.recv(10)
        except OSError:
            left = b""
        assert left == b""
    assert ask(port, "/livez")[0] == 200


def test_garbage_is_no_reason_to_fall_over(port: int) -> None:
    for garbage in (b"\r\n\r\n", b"\xff\xfe\x00\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01" + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(garbage)
            assert b" 404 " in client.recv(1_000)
    assert ask(port, "/livez")[0] == 200
