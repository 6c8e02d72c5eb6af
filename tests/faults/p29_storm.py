"""P29: when very many accounts cross a rule at once each has its alert, once, and soon."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from detector.codec import partition_of
from detector.domain.events import TOPIC_OF
from detector.files.emit import heartbeat
from detector.files.log import Sent
from harness.load import DAY_MS
from schemas.topics import IN_TOPICS, USAGE
from tests.faults.feed import START_MS, Feed
from tests.faults.latency import p99, watched
from tests.faults.promise import Promise
from tests.faults.stage import Stage

HOUR_MS: Final = 3_600_000
DAYS: Final = 12
RATE: Final = 400.0
CALM_SECONDS: Final = 5.0
STORM_SECONDS: Final = 60.0
"""From an event to the commit of its alerts, for 99% of them."""


def play(stage: Stage) -> None:
    """An incident strikes every account in the same second, nobody is told, and it ends."""
    accounts = stage.sized(short=1_000, full=10_000)
    feed = stage.feed(1, 1, days=DAYS)
    feed.records[:] = _storm(feed, accounts)
    feed.count = len(feed.records) + len(list(feed.ending()))
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        calm = [record for record in feed.records if record.timestamp < _struck(0)]
        with work.crew(1) as crew:
            (hand,) = crew.hands
            hand.hear("READY")
            with watched(work) as looks:
                work.send(records=calm, end=False, rate=RATE)
                crew.wait(lambda: work.applied(accounts / feed.count), what="the end of the calm")
            calm_p99 = p99(looks)
            with watched(work) as looks:
                work.send(records=feed.records[len(calm) :])
                seconds = work.settle(crew)
            storm_p99 = p99(looks)
            assert hand.count("ASSIGNED") == 1, "there was a rebalance"
        stage.judge(work)
        bodies = [json.loads(body) for body in work.alerts()]
        told = [body for body in bodies if body["rule_id"] == "incident.untold"]
        opened = Counter(body["account_id"] for body in told if body["transition"] == "opened")
        again = Counter(body["account_id"] for body in told if body["transition"] == "reopened")
        ended = Counter(body["account_id"] for body in told if body["transition"] == "resolved")
        stage.figure("accounts", accounts)
        stage.figure("alerts", len(bodies))
        stage.figure("seconds for the storm", seconds)
        stage.figure("p99 calm (s)", f"{calm_p99:.2f}")
        stage.figure("p99 in the storm (s)", f"{storm_p99:.2f}")
        assert calm_p99 <= CALM_SECONDS, f"{calm_p99:.1f} s from an event to its alerts"
        assert storm_p99 <= STORM_SECONDS, f"{storm_p99:.1f} s from an event of the storm to its alerts"
        assert opened == dict.fromkeys(opened, 1), "an account has two alerts of one episode"
        assert len(opened) == accounts, f"{len(opened)} of {accounts} accounts have their alert"
        assert ended == opened + again, f"{sum(ended.values())} of {sum((opened + again).values())} were resolved once"


def _struck(number: int) -> int:
    return START_MS + 10 * DAY_MS + 9 * HOUR_MS + number % 1_000


def _storm(feed: Feed, accounts: int) -> Iterator[Sent]:
    names = [f"account-{number:05d}" for number in range(accounts)]
    for topic in set(IN_TOPICS) - {USAGE}:
        for number in range(feed.partitions):
            yield heartbeat(topic, number, START_MS + 10 * HOUR_MS)  # usage of the calm waits for no other topic
    for name in names:
        yield _event(feed, name, "usage.recorded", START_MS + 9 * HOUR_MS)
    for at, kind, more in (
        (0, "incident.opened", {"severity": "major"}),
        (2 * HOUR_MS, "incident.notified", {"phase": "update"}),
        (3 * HOUR_MS, "incident.resolved", {}),
    ):
        for number, name in enumerate(names):
            yield _event(feed, name, kind, _struck(number * 1_000 // accounts) + at, incident_id=f"{name}-1", **more)


def _event(feed: Feed, account: str, kind: str, at: int, **more: object) -> Sent:
    key = account.encode()
    event = {"event_id": f"{account}-{kind}", "event_type": kind, "account_id": account, "occurred_at": at, **more}
    return Sent(TOPIC_OF[kind], partition_of(key, feed.partitions), at, key, json.dumps(event).encode())


PROMISE = Promise("P29", "a storm gives each account its alert, once", play)
