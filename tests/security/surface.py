"""What a process shows to whoever looks: the ports it listens on, and clients that never finish what they say."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

_LISTENS = "0A"
"""The state of a TCP socket, as the kernel writes it."""


def listening(pid: int) -> list[tuple[str, int]]:
    """Address (hexadecimal, as the kernel has it) and port of every socket that a process takes connections on.

    UDP sockets and listening UNIX sockets count too: they have port 0 here. Linux only.
    """
    own = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            own.add(str(handle.readlink()))
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            address, _, port = cells[1].partition(":")
            if f"socket:[{cells[9]}]" in own and (cells[3] == _LISTENS or table.startswith("udp")):
                found.append((address, int(port, 16) if cells[3] == _LISTENS else 0))
    for row in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        cells = row.split()
        if f"socket:[{cells[6]}]" in own and int(cells[3], 16) & 0x10000:  # __SO_ACCEPTCON
            found.append((cells[-1], 0))
    return sorted(found)


@contextlib.contextmanager
def dawdlers(port: int, count: int) -> Iterator[list[int]]:
    """Keep so many connections open that send a letter now and then and never a whole request; those cut off return.

    Gives a list that grows by one with each connection made.
    """
    made: list[int] = []
    done = threading.Event()

    def dawdle() -> None:
        held: list[socket.socket] = []
        while not done.is_set():
            for one in held[:]:
                try:
                    one.sendall(b"x")
                except OSError:
                    held.remove(one)
                    one.close()
            while len(held) < count and not done.is_set():
                held.append(socket.create_connection(("127.0.0.1", port), timeout=10))
                held[-1].sendall(b"GET /livez HTTP/1.1\r\nX-Slow: ")
                made.append(1)
            done.wait(0.2)
        for one in held:
            one.close()

    thread = threading.Thread(target=dawdle, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        done.set()
        thread.join(10)
