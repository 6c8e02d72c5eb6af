"""A listener in between: hands bytes on in both directions and remembers what clients sent."""

import contextlib
import socket
import threading
from typing import Self

HANDSHAKE = 22
KINDS = range(20, 25)
"""Of TLS records: change cipher spec, alert, handshake, application data, heartbeat."""


class Wiretap:
    """As a context manager it listens on a port of its own and connects whoever comes with `port` of this machine."""

    def __init__(self, port: int) -> None:
        self.sent: list[bytearray] = []
        """What came from the client, for each connection."""
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                broker = socket.create_connection(("127.0.0.1", self._target))
                heard = bytearray()
                self.sent.append(heard)
                self._open += [client, broker]
                threading.Thread(target=_pump, args=(client, broker, heard), daemon=True).start()
                threading.Thread(target=_pump, args=(broker, client, bytearray()), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, heard: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            heard += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def records(stream: bytes) -> list[int]:
    """The kinds of the TLS records of a stream, the last one perhaps cut off. Raises ValueError where it is not TLS."""
    kinds, at = [], 0
    while at + 5 <= len(stream):
        kind, major = stream[at], stream[at + 1]
        if kind not in KINDS or major != 3:
            raise ValueError(f"no TLS record at byte {at}")
        kinds.append(kind)
        at += 5 + int.from_bytes(stream[at + 3 : at + 5], "big")
    return kinds
