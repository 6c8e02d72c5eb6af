"""What the file commands ask of Kafka: a client that waits 10 s for a broker, and what there is of topics."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from detector.brokers import PATIENCE_SECONDS, Connection
from detector.errors import AUTH, DetectorError

AGAIN: Final = 0.25
"""Seconds between two attempts to reach a broker."""

STOPPING: Final = 2.0


@dataclass(frozen=True)
class Access:
    """How to reach the brokers, and the seconds to wait for an answer."""

    connection: Connection = field(repr=False)
    patience: float = PATIENCE_SECONDS


@asynccontextmanager
async def started(
    kafka: Access, client_class: Callable[..., Any], *topics: str, **arguments: Any
) -> AsyncIterator[Any]:
    """Start a client of aiokafka, and stop it in the end; a broker may take `kafka.patience` seconds to answer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + kafka.patience
    while True:
        client = client_class(*topics, **kafka.connection, **arguments)
        try:
            await asyncio.wait_for(client.start(), max(deadline - loop.time(), AGAIN))
            break
        except (KafkaConnectionError, TimeoutError):
            await _stop(client)
            if loop.time() + AGAIN >= deadline:
                raise
            await asyncio.sleep(AGAIN)
        except BaseException:
            await _stop(client)
            raise
    try:
        yield client
    finally:
        await _stop(client)


async def _stop(client: Any) -> None:
    """End a client; what it cannot deliver within STOPPING seconds is given up."""
    stop = client.close if isinstance(client, AIOKafkaAdminClient) else client.stop
    try:
        await asyncio.wait_for(stop(), STOPPING)
    except (KafkaError, TimeoutError):
        logging.getLogger("aiokafka").warning("a client did not end in time")


class Topics:
    """What the brokers say of some topics."""

    def __init__(self, partitions: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]) -> None:
        self.partitions = partitions
        """Topic -> count of partitions; one that does not exist is missing."""
        self.configs = configs
        """Topic -> setting -> value; one whose settings may not be read is missing."""


async def describe(kafka: Access, topics: Sequence[str]) -> Topics:
    """Ask for the partitions and the settings of topics. Raises DetectorError (77) where there is no right to one."""
    async with started(kafka, AIOKafkaAdminClient) as admin:
        told = await admin.describe_topics(list(topics))
        closed = [topic["topic"] for topic in told if topic["error_code"] == TopicAuthorizationFailedError.errno]
        if closed:
            advice = "ask for it (`detector topics acls` lists the rights), or check --topic-prefix and --app-id"
            raise DetectorError(f"no right to see topic {', '.join(sorted(closed))} — {advice}", AUTH)
        found = [topic for topic in told if topic["error_code"] == 0]
        partitions = {topic["topic"]: len(topic["partitions"]) for topic in found}
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in partitions]
        configs: dict[str, dict[str, str]] = {}
        for response in await admin.describe_configs(asked) if asked else []:
            for code, _, _, name, entries in response.resources:
                if code == 0:
                    configs[name] = {entry[0]: entry[1] for entry in entries}
    return Topics(partitions, configs)


def equal_partitions(topics: Topics, needed: Sequence[str]) -> int:
    """Give the one count of partitions that `needed` topics have.

    Raises DetectorError (78) where a topic is missing or counts differ.
    """
    missing = [topic for topic in needed if topic not in topics.partitions]
    if missing:
        raise DetectorError(f"there is no topic {', '.join(missing)} — create it with `detector topics apply`")
    counts = {topics.partitions[topic] for topic in needed}
    if len(counts) > 1:
        listed = ", ".join(f"{topic} {topics.partitions[topic]}" for topic in needed)
        raise DetectorError(
            f"the topics differ in partitions ({listed}) — take others, all with the same number: of another"
            " --topic-prefix or, for the changelog, --app-id"
        )
    return counts.pop()
