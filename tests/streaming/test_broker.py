"""The first contact waits for a broker that is away, not for one that refuses us."""

import asyncio
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError, SaslAuthenticationFailed

from detector.errors import AUTH, CONFIG, DetectorError
from detector.streaming.broker import check_topics, wait_for_broker
from detector.streaming.observer import Silence
from detector.streaming.options import Broker
from tests.streaming.fakes import OPTIONS


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


def contact(answers: list[str], ear: Ear) -> Any:
    """Try until the answers are used up."""
    client = FakeClient(answers)
    return asyncio.run(wait_for_broker(Broker("kafka:9092"), ear, connect=lambda: cast("Any", client), retry_seconds=0))


def test_a_broker_that_is_away_is_waited_for_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    contact(["[Errno 111] Connect call failed"] * 30, ear)
    assert ear.heard == [False] * 30 + [True]
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["Kafka at kafka:9092 does not answer: waiting for it since 0 s"]


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


def check(partitions: Mapping[str, int]) -> int:
    """Check topics of which the broker knows these."""
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: set(range(partitions.get(topic, 0))) or None)

    async def fetch_all_metadata() -> Any:
        return cluster

    client = cast("Any", SimpleNamespace(fetch_all_metadata=fetch_all_metadata))
    return asyncio.run(check_topics(client, OPTIONS, look_seconds=0))


ALL = dict.fromkeys(["crm", "usage", "app-accounts-changelog", "alerts", "health", "dead"], 4)


def test_the_number_of_partitions_is_that_of_the_in_topics() -> None:
    assert check(ALL | {"alerts": 12}) == 4


@pytest.mark.parametrize("missing", ALL)
def test_a_missing_topic_is_named_with_what_to_do(missing: str) -> None:
    with pytest.raises(DetectorError, match=f"{missing} — run `detector topics apply`") as refused:
        check({name: count for name, count in ALL.items() if name != missing})
    assert refused.value.exit_code == CONFIG


@pytest.mark.parametrize("other", ["usage", "app-accounts-changelog"])
def test_topics_that_are_partitioned_differently_are_refused(other: str) -> None:
    with pytest.raises(DetectorError, match=f"{other} has 5") as refused:
        check(ALL | {other: 5})
    assert refused.value.exit_code == CONFIG
