"""A local Apache Kafka of one or more nodes on free ports of 127.0.0.1, from start to removal."""

import base64
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detector.errors import TEMPORARY, DetectorError
from detector.localkafka import probe
from detector.localkafka.install import Installation, prepare
from detector.localkafka.node import Node, PortTakenError
from detector.localkafka.settings import node_settings

_TRIES: Final = 3
_PAUSE_SECONDS: Final = 0.03
_START_SECONDS: Final = 60.0


class Cluster:
    """Kafka nodes that are ours alone; as a context manager it starts, and stops and removes whatever happens.

    `settings` override any of server.properties on every node; a function gives them by the node's number. Data live
    in `folder` (else in a new temporary one) until `remove`; a folder used before keeps its data and its cluster id,
    not its ports, which `ports` chooses.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        settings: Mapping[str, object] | Callable[[int], Mapping[str, object]] | None = None,
        folder: Path | None = None,
        installation: Installation | None = None,
        ports: Callable[[int], list[int]] | None = None,
    ) -> None:
        self.installation = installation or prepare()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="detector-kafka-"))
        self.cluster_id = _cluster_id(self.folder)
        self.nodes: list[Node] = []
        self._ports: list[int] = []
        self._size = nodes
        self._choose = ports or free_ports
        self._settings = settings if callable(settings) else lambda _number: settings or {}

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    @property
    def bootstrap(self) -> str:
        """The addresses of all nodes, comma-separated; known once it was started."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports)

    def port(self, number: int) -> int:
        """The client port of the node with this number, counted from 1."""
        return self._ports[number - 1]

    def start(self, limit_seconds: float = _START_SECONDS, *, options: tuple[str, ...] = ()) -> Self:
        """Starts every node that does not run and waits until all are ready; the ports stay from the first start on.

        Raises DetectorError: 70 when a node ends, 75 when it takes longer than the limit.
        """
        for _ in range(_TRIES):
            fresh = not self.nodes
            if fresh:
                self._lay_out()
            try:
                for node in self.nodes:
                    node.start(options)
                self.wait_ready(limit_seconds)
            except PortTakenError:
                self.kill()
                if not fresh:
                    break
                self.nodes = []
            except BaseException:
                self.kill()
                raise
            else:
                return self
        raise DetectorError("the ports of the local Kafka were taken by other programs — start it again", TEMPORARY)

    def wait_ready(self, limit_seconds: float = _START_SECONDS) -> None:
        """Waits until each node says that the whole cluster is registered and has a controller.

        A port that answers need not be ours, so the cluster's id is compared. Raises as `start` does.
        """
        end = time.monotonic() + limit_seconds
        for node in self.nodes:
            while not self._ready(node):
                if time.monotonic() > end:
                    raise DetectorError(
                        f"Kafka node {node.number} is not ready after {limit_seconds:.0f} s — see"
                        f" {node.folder / 'out.log'}",
                        TEMPORARY,
                    )
                time.sleep(_PAUSE_SECONDS)

    def _ready(self, node: Node) -> bool:
        node.check()
        try:
            answer = probe.ask(self.port(node.number))
        except OSError:
            return False
        if answer.cluster_id and answer.cluster_id != self.cluster_id:
            raise PortTakenError
        return answer.brokers == self._size and answer.controller >= 0

    def stop(self) -> None:
        """An orderly stop of every node; data and ports are kept for another `start`."""
        for node in self.nodes:
            node.ask_to_stop()
        for node in self.nodes:
            node.stop(limit_seconds=20 if self._size == 1 else 3)

    def kill(self) -> None:
        """SIGKILL to every node."""
        for node in self.nodes:
            node.kill()

    def remove(self) -> None:
        """Ends every node at once and deletes the data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _lay_out(self) -> None:
        ports = self._choose(2 * self._size)
        self._ports, controllers = ports[: self._size], ports[self._size :]
        for number, (port, controller) in enumerate(zip(self._ports, controllers, strict=True), start=1):
            settings = node_settings(number, port, controller, controllers) | dict(self._settings(number))
            node = Node(self.installation, self.folder / f"node-{number}", number, settings)
            node.format(self.cluster_id)
            self.nodes.append(node)
        (self.folder / "cluster.id").write_text(self.cluster_id, encoding="utf-8")


def free_ports(count: int) -> list[int]:
    """So many different ports that were free a moment ago; another process may still be faster."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _cluster_id(folder: Path) -> str:
    """The id that the folder's data carry, or a new one in Kafka's form."""
    kept = folder / "cluster.id"
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
