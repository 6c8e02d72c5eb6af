"""The first contact: waits for a broker without limit, says why it may not get in, and looks for the topics."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from aiokafka.client import AIOKafkaClient

from detector.brokers import explained
from detector.errors import CONFIG, TEMPORARY, DetectorError
from detector.streaming.observer import Observer
from detector.streaming.options import Broker, WorkerOptions

_log = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 1.0
_SAY_SECONDS: Final = 10.0
_LOOKS: Final = 5  # a topic made just now is not known to every broker yet
_LOOK_SECONDS: Final = 0.3


async def wait_for_broker(
    broker: Broker,
    observer: Observer,
    *,
    connect: Callable[[], AIOKafkaClient] | None = None,
    retry_seconds: float = _RETRY_SECONDS,
) -> AIOKafkaClient:
    """Connect, however long it takes, with one log line every 10 s; the client is the caller's to close.

    Raises DetectorError (77 or 78) when the broker is there and refuses us: waiting would not help.
    """
    said_at = -_SAY_SECONDS
    began = monotonic()
    while True:
        client = connect() if connect else AIOKafkaClient(**broker.client_settings())
        try:
            with explained({"bootstrap_servers": broker.bootstrap, **broker.client_settings()}, "aiokafka"):
                await client.bootstrap()
        except DetectorError as error:
            await client.close()
            observer.broker(connected=False)
            observer.readiness(ready=False, reason="waiting_for_broker")
            if error.exit_code != TEMPORARY:
                raise
        else:
            try:
                observer.broker(connected=True)
            except BaseException:
                await client.close()
                raise
            return client
        if monotonic() - said_at >= _SAY_SECONDS:
            said_at = monotonic()
            _log.warning("Kafka at %s does not answer: waiting for it since %.0f s", broker.bootstrap, said_at - began)
        await asyncio.sleep(retry_seconds)


async def check_topics(client: AIOKafkaClient, options: WorkerOptions, *, look_seconds: float = _LOOK_SECONDS) -> int:
    """Return the number of partitions that in-topics and changelog share.

    Raises DetectorError: 78 when a topic is missing or they are not partitioned alike.
    """
    wanted = [*options.topics, options.changelog]
    published = [options.alerts_topic, options.health_topic, options.dead_letters_topic]
    for _ in range(_LOOKS):
        cluster = await client.fetch_all_metadata()
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in (*wanted, *published)}
        if all(counts.values()):
            break
        await asyncio.sleep(look_seconds)
    missing = [topic for topic, count in counts.items() if count == 0]
    if missing:
        raise DetectorError(
            f"topics are missing or may not be read: {', '.join(missing)} — run `detector topics apply`", CONFIG
        )
    different = {counts[topic] for topic in wanted}
    if len(different) > 1:
        listed = ", ".join(f"{topic} has {counts[topic]}" for topic in wanted)
        raise DetectorError(
            f"in-topics and changelog must have the same number of partitions: {listed} — run `detector topics check`",
            CONFIG,
        )
    return different.pop()
