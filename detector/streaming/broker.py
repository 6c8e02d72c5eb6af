"""The first contact: waits for a broker without limit, says why it may not get in, and looks for the topics."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from aiokafka.client import AIOKafkaClient

from detector.brokers import explained
from detector.errors import AUTH, TEMPORARY, DetectorError
from detector.streaming.observer import Observer
from detector.streaming.options import Broker

Look = Callable[[], int]
"""Looks at the topics and gives the number of partitions that in-topics and changelog share. May block for seconds: it
is called in a thread of its own. Raises DetectorError: 75 when no broker answers, 77 or 78 for what ends the start."""

_log = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 1.0
_SAY_SECONDS: Final = 10.0


async def first_contact(
    broker: Broker,
    look: Look,
    observer: Observer,
    *,
    connect: Callable[[], AIOKafkaClient] | None = None,
    retry_seconds: float = _RETRY_SECONDS,
) -> int:
    """Connect and look at the topics, however long it takes, with one log line every 10 s; gives what `look` gives.

    Raises DetectorError (77 or 78) when the broker is there and refuses us or its topics are wrong: waiting would not
    help.
    """
    said_at = -_SAY_SECONDS
    began = monotonic()
    while True:
        try:
            await _reach(broker, connect)
            partitions = await asyncio.to_thread(look)
        except DetectorError as error:
            observer.broker(connected=False)
            observer.readiness(ready=False, reason="waiting_for_broker")
            if error.exit_code == AUTH:
                observer.failed("authorization")
            if error.exit_code != TEMPORARY:
                raise
            if monotonic() - said_at >= _SAY_SECONDS:
                said_at = monotonic()
                waited = said_at - began
                _log.warning(
                    "Kafka at %s does not answer: waiting for it since %.0f s (%s)", broker.bootstrap, waited, error
                )
        else:
            observer.broker(connected=True)
            return partitions
        await asyncio.sleep(retry_seconds)


async def _reach(broker: Broker, connect: Callable[[], AIOKafkaClient] | None) -> None:
    settings = broker.client_settings()
    client = connect() if connect else AIOKafkaClient(**settings)
    try:
        with explained(settings, "aiokafka", waits=True):
            await client.bootstrap()
    finally:
        await client.close()
