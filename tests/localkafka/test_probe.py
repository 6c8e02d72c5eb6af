"""Who answers at a port."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from detector.localkafka.probe import Answer, ask


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Takes one connection, reads the request, answers so, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def text(value: str | None) -> bytes:
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


def metadata(cluster: str, controller: int, *racks: str | None) -> bytes:
    brokers = b"".join(struct.pack(">i", 1) + text("127.0.0.1") + struct.pack(">i", 9) + text(rack) for rack in racks)
    body = struct.pack(">ii", 1, len(racks)) + brokers + text(cluster) + struct.pack(">i", controller)
    return struct.pack(">i", len(body)) + body


def test_the_cluster_its_brokers_and_its_controller_are_read() -> None:
    with server(metadata("abc", 2, None, "rack-1")) as port:
        assert ask(port) == Answer("abc", 2, 2)


@pytest.mark.parametrize("answer", [b"", b"\0\0", b"HTTP/1.1 400 Bad Request\r\n\r\n", metadata("abc", 1, None)[:-1]])
def test_who_does_not_speak_kafka_is_no_broker(answer: bytes) -> None:
    with server(answer) as port, pytest.raises(OSError, match=r".+"):
        ask(port)


def test_nobody_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OSError, match=r".+"):
        ask(port)


def test_the_shared_broker_is_ready(kafka: str) -> None:
    answer = ask(int(kafka.rpartition(":")[2]))
    assert answer.cluster_id
    assert answer.controller >= 0
