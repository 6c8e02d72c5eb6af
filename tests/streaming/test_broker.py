"""The first contact waits for a broker that is away, not for one that refuses us."""

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError, SaslAuthenticationFailed

from detector.errors import AUTH, CONFIG, TEMPORARY, DetectorError
from detector.streaming.broker import first_contact
from detector.streaming.observer import Silence
from detector.streaming.options import Broker

KAFKA = Broker("kafka:9092")


class FakeClient:
    """A client that fails so many times; it says why in the log only, as aiokafka does."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.closed = 0

    async def bootstrap(self) -> None:
        """Connect."""
        if self.answers:
            logging.getLogger("aiokafka").error('Unable connect to "%s:%s": %s', "kafka", 9092, self.answers.pop(0))
            raise KafkaConnectionError("Unable to bootstrap from [('kafka', 9092)]")

    async def close(self) -> None:
        """Close."""
        self.closed += 1


class Ear(Silence):
    """Remembers what it is told of the broker."""

    def __init__(self) -> None:
        self.heard: list[bool] = []

    def broker(self, *, connected: bool) -> None:
        """Remember it."""
        self.heard.append(connected)


def contact(answers: list[str], ear: Ear, *, broker: Broker = KAFKA, look: Callable[[], int] = lambda: 4) -> int:
    """Try until the answers are used up."""
    client = FakeClient(answers)
    found = asyncio.run(first_contact(broker, look, ear, connect=lambda: cast("Any", client), retry_seconds=0))
    assert client.closed == len(ear.heard)
    return found


def test_a_broker_that_is_away_is_waited_for_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    contact(["[Errno 111] Connect call failed"] * 30, ear)
    assert ear.heard == [False] * 30 + [True]
    lines = [record.getMessage() for record in caplog.records]
    reason = "no broker answers at kafka:9092 — start it, or name another with --brokers"
    assert lines == [f"Kafka at kafka:9092 does not answer: waiting for it since 0 s ({reason})"]


@pytest.mark.parametrize(
    "said",
    [
        str(SaslAuthenticationFailed("invalid credentials")),
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
        "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
    ],
)
def test_a_broker_that_refuses_us_is_not_waited_for(said: str) -> None:
    with pytest.raises(DetectorError, match=r"kafka:9092.* — check ") as refused:
        contact([said] * 99, Ear())
    assert refused.value.exit_code == AUTH


def test_a_broker_that_hangs_up_is_one_that_starts_or_stops_and_is_waited_for() -> None:
    """To a command it is a refused login; a worker tries again until the broker says so itself."""
    broker = Broker("kafka:9092", ssl_context=ssl.create_default_context(), sasl_mechanism="PLAIN", username="u")
    ear = Ear()
    assert contact(["disconnected"] * 3, ear, broker=broker) == 4
    assert ear.heard == [False] * 3 + [True]


def test_a_broker_that_goes_away_while_the_topics_are_looked_at_is_waited_for() -> None:
    answers = [DetectorError("no broker answers", TEMPORARY)] * 3
    threads: set[str] = set()

    def look() -> int:
        threads.add(threading.current_thread().name)
        if answers:
            raise answers.pop()
        return 7

    ear = Ear()
    assert contact([], ear, look=look) == 7
    assert ear.heard == [False] * 3 + [True]
    assert threading.main_thread().name not in threads  # a look blocks: the event loop must go on meanwhile


@pytest.mark.parametrize("code", [AUTH, CONFIG])
def test_topics_that_are_wrong_are_not_waited_for(code: int) -> None:
    def look() -> int:
        raise DetectorError("topics are missing — run `detector topics apply`", code)

    ear = Ear()
    with pytest.raises(DetectorError, match="topics are missing"):
        contact([], ear, look=look)
    assert ear.heard == [False]
