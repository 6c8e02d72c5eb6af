"""The transport that Faust finds by its URL scheme, and its registration."""

from typing import Final

from faust.transport import drivers
from faust.transport.drivers import aiokafka as driver

from detector.streaming.consumer import BatchConsumer

SCHEME: Final = "kafka-batches"


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = BatchConsumer


def register() -> str:
    """Make the transport known to Faust; returns its URL scheme."""
    drivers.TRANSPORTS.aliases[SCHEME] = f"{BatchTransport.__module__}:{BatchTransport.__name__}"
    return SCHEME
