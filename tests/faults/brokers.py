"""Kafka nodes of a fault test: everybody of the harness talks to them directly, workers through a proxy if wanted."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient

from detector.localkafka import Cluster, probe
from detector.localkafka.cluster import free_ports
from tests.faults.proxy import Proxy, Weather


class Brokers:
    """`nodes` Kafka nodes (each broker and controller), in `folder`; as a context manager it starts and removes them.

    With `proxied` each node has a second listener, whose address in the metadata is its proxy's: clients that begin at
    `front` never see another. `settings` are further ones of server.properties.
    """

    def __init__(
        self, nodes: int, folder: Path, *, proxied: bool = False, settings: Mapping[str, object] | None = None
    ) -> None:
        self.nodes = nodes
        self.proxies: list[Proxy] = []
        self._stack = ExitStack()
        inner, controllers = free_ports(nodes), free_ports(nodes)
        more = dict(settings or {})
        chosen = [*inner, *controllers]
        if not proxied:
            self.cluster = Cluster(nodes, folder=folder, settings=more)
            return
        ports = free_ports(4 * nodes)
        inner, controllers, behind, front = (ports[at * nodes : (at + 1) * nodes] for at in range(4))
        chosen = [*inner, *controllers]
        self.proxies = [Proxy(*pair) for pair in zip(front, behind, strict=True)]

        def listeners(number: int) -> Mapping[str, object]:
            at = number - 1
            return more | {
                "listeners": f"INTERNAL://127.0.0.1:{inner[at]},CLIENT://127.0.0.1:{behind[at]}"
                f",CONTROLLER://127.0.0.1:{controllers[at]}",
                "advertised.listeners": f"INTERNAL://127.0.0.1:{inner[at]},CLIENT://127.0.0.1:{front[at]}",
                "listener.security.protocol.map": "INTERNAL:PLAINTEXT,CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name": "INTERNAL",
            }

        self.cluster = Cluster(nodes, folder=folder, settings=listeners, ports=lambda _: chosen)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.cluster)
            for proxy in self.proxies:
                stack.enter_context(proxy)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def direct(self) -> str:
        """The bootstrap address of the harness."""
        return self.cluster.bootstrap

    @property
    def front(self) -> str:
        """The bootstrap address of workers."""
        return ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies) or self.direct

    def weather(self, number: int | None = None, **weather: object) -> None:
        """Change the weather of one node's proxy, or of all."""
        for proxy in self.proxies if number is None else [self.proxies[number - 1]]:
            proxy.weather = Weather(**weather)  # type: ignore[arg-type] # the caller names its fields

    def reset(self, number: int | None = None) -> None:
        """Reset every connection of one node's proxy, or of all."""
        for proxy in self.proxies if number is None else [self.proxies[number - 1]]:
            proxy.reset()

    def kill(self, number: int) -> None:
        """SIGKILL to a node."""
        self.cluster.nodes[number - 1].kill()

    def freeze(self, number: int) -> None:
        """SIGSTOP to a node."""
        self._signal(number, signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        """SIGCONT to a node."""
        self._signal(number, signal.SIGCONT)

    def _signal(self, number: int, what: signal.Signals) -> None:
        pid = self.cluster.nodes[number - 1].pid
        assert pid is not None, f"node {number} does not run"
        os.kill(pid, what)

    def start(self, number: int) -> None:
        """Start a node that was killed and wait until the cluster is whole."""
        self.cluster.nodes[number - 1].start()
        self.cluster.wait_ready()

    def wipe(self, number: int) -> None:
        """Take a dead node's disk away and give it an empty one."""
        node = self.cluster.nodes[number - 1]
        shutil.rmtree(node.data)
        node.data.mkdir()
        node.format(self.cluster.cluster_id)

    def wait_in_sync(self, beginnings: Sequence[str], limit: float = 120.0) -> None:
        """Wait until every topic whose name begins so has all its copies in step."""
        end = time.monotonic() + limit
        while asyncio.run(self._out_of_sync(beginnings)):
            assert time.monotonic() < end, f"copies were not in step within {limit:.0f} s"
            time.sleep(0.3)

    async def _out_of_sync(self, beginnings: Sequence[str]) -> bool:
        async with self._admin() as admin:
            names = [name for name in await admin.list_topics() if name.startswith(tuple(beginnings))]
            found = await admin.describe_topics(names)
        return any(len(one["isr"]) < len(one["replicas"]) for topic in found for one in topic["partitions"])

    async def coordinator(self, group: str) -> int:
        """The number of the node that coordinates a group."""
        async with self._admin() as admin:
            return int(await admin.find_coordinator(group))

    async def transaction_coordinator(self, transactional_id: str) -> int:
        """The number of the node that coordinates a transactional id."""
        async with self._admin() as admin:
            return int(await admin.find_coordinator(transactional_id, coordinator_type=1))

    async def controller(self) -> int:
        """The number of the node that is the active controller, as metadata say."""
        return await asyncio.to_thread(lambda: probe.ask(self.cluster.port(1)).controller)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.direct)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def leader(self, topic: str, partition: int) -> int:
        """The number of the node that leads a topic-partition."""
        async with self._admin() as admin:
            (found,) = await admin.describe_topics([topic])
        return next(int(one["leader"]) for one in found["partitions"] if one["partition"] == partition)
