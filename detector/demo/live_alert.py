"""The coda, on live topics: sponsors leave now, and the time until their alerts are read is taken."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from detector.brokers import explained
from detector.demo.ledger import COMPANY, Alert
from detector.demo.moments import stamp
from detector.demo.stage import Scene
from detector.demo.supervised import Supervised
from detector.demo.watching import Reader, reading
from detector.errors import TEMPORARY, DetectorError
from detector.files.broker import Access, started
from schemas.topics import CRM

CUSTOMERS: Final = ("granite-bank", "fjord-shipping", "jasper-pharma", "nordlys-telecom", "quartz-mining")
"""Healthy ones of the company."""

PATIENCE_SECONDS: Final = 30.0


class Heard(NamedTuple):
    """One departure: its alert, and the milliseconds from sending the event to holding the committed alert."""

    alert: Alert
    milliseconds: float


class Departures:
    """A context: sends to the live scene and listens to its alerts, on one event loop."""

    def __init__(self, scene: Scene, reader: Reader, producer: Any, worker: Supervised) -> None:
        self._topic = scene.prefix + CRM
        self._reader, self._producer, self._worker = reader, producer, worker
        self._sent = 0

    async def introduce(self) -> None:
        """Tell of every customer and its sponsor, and wait until the worker knows."""
        for account_id in CUSTOMERS:
            await self._send(account_id, "account.updated", stage="adoption", touch_model="high")
            await self._send(account_id, "stakeholder.updated", stakeholder_id=_sponsor(account_id), role="sponsor")
        end = time.monotonic() + PATIENCE_SECONDS
        while await self._reader.applied() < self._sent:
            self._wait(end)
            await self._reader.alerts(0.05)

    async def leave(self, account_id: str) -> Heard:
        """Let the sponsor leave, and wait for the alert."""
        sent = time.perf_counter()
        await self._send(account_id, "stakeholder.left", stakeholder_id=_sponsor(account_id))
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            for body in await self._reader.alerts(0.25):
                alert = msgspec.json.decode(body, type=Alert)
                if alert.account_id == account_id:
                    return Heard(alert, (time.perf_counter() - sent) * 1_000)
            self._wait(end)

    def _wait(self, end: float) -> None:
        self._worker.check()
        if time.monotonic() > end:
            raise DetectorError(f"the live worker did not answer for {PATIENCE_SECONDS:.0f} s — try again", TEMPORARY)

    async def _send(self, account_id: str, event_type: str, **fields: object) -> None:
        event = {
            "event_id": f"live-{self._sent}",
            "event_type": event_type,
            "account_id": account_id,
            "tenant_id": COMPANY,
            "occurred_at": stamp(datetime.now(UTC)),
            "source": "crm",
            **fields,
        }
        await self._producer.send_and_wait(self._topic, key=account_id.encode(), value=msgspec.json.encode(event))
        self._sent += 1


def _sponsor(account_id: str) -> str:
    return f"{account_id}:sponsor"


async def departures(kafka: Access, scene: Scene, worker: Supervised, tell: Callable[[str], None]) -> list[Heard]:
    """Let one sponsor after the other leave, telling each in a line."""
    found = []
    with explained(kafka.connection, "aiokafka"):
        async with (
            reading(kafka, scene) as reader,
            started(kafka, AIOKafkaProducer, acks="all", enable_idempotence=True) as producer,
        ):
            crm = Departures(scene, reader, producer, worker)
            await crm.introduce()
            for account_id in CUSTOMERS:
                heard = await crm.leave(account_id)
                found.append(heard)
                tell(
                    f"live: {account_id}'s sponsor left; {heard.alert.severity} alert after {heard.milliseconds:.0f} ms"
                )
    return found


def delay_words(found: list[Heard]) -> str:
    """The delays in a sentence."""
    delays = sorted(heard.milliseconds for heard in found)
    return (
        f"{len(delays)} sponsors left, one after the other: a read_committed reader held the alert"
        f" {median(delays):.0f} ms (median; {delays[0]:.0f} to {delays[-1]:.0f}) after the event was sent"
    )
