"""Asks a port who answers there: one Metadata request, written by hand so that no client's patience is needed."""

import io
import socket
import struct
from dataclasses import dataclass
from typing import Final

_METADATA: Final = 3
_VERSION: Final = 2
"""The first version whose answer names the cluster."""


@dataclass(frozen=True)
class Answer:
    """What a broker knows of its cluster: its id, how many brokers are registered, the controller (-1: none yet)."""

    cluster_id: str
    brokers: int
    controller: int


def ask(port: int, timeout_seconds: float = 1.0) -> Answer:
    """The answer of the broker at 127.0.0.1:`port`; raises OSError while nobody answers in Kafka's words."""
    name = b"probe"
    request = struct.pack(f">hhih{len(name)}si", _METADATA, _VERSION, 1, len(name), name, 0)
    with (
        socket.create_connection(("127.0.0.1", port), timeout_seconds) as connection,
        connection.makefile("rb") as stream,
    ):
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _exactly(stream, 4))
        if not 0 < size < 1 << 20:
            raise ConnectionError("not a Kafka broker")
        return _parse(io.BytesIO(_exactly(stream, size)))


def _parse(body: io.BytesIO) -> Answer:
    """correlation, [node, host, port, rack?], cluster id, controller; topics follow and are not read."""
    _, brokers = struct.unpack(">ii", _exactly(body, 8))
    for _ in range(brokers):
        _exactly(body, 4)
        _text(body)
        _exactly(body, 4)
        _text(body)
    cluster_id = _text(body)
    (controller,) = struct.unpack(">i", _exactly(body, 4))
    return Answer(cluster_id, brokers, controller)


def _text(body: io.BytesIO) -> str:
    (size,) = struct.unpack(">h", _exactly(body, 2))
    return _exactly(body, max(size, 0)).decode(errors="replace")


def _exactly(stream: io.BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ConnectionError("the connection was closed")
    return data
