"""P6: what comes late is folded up to 70 days; what is counted in windows and later than that is a dead letter."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from detector.codec import partition_of
from detector.domain.events import TOPIC_OF
from detector.files.log import Sent
from harness.load import DAY_MS
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

BOUND_MS: Final = 70 * DAY_MS
AGES_MS: Final = (BOUND_MS // 2, BOUND_MS, BOUND_MS + 1, BOUND_MS * 101 // 100, 30 * BOUND_MS)
"""How long before its record time an event occurred; the last three are too late."""
COUNTED: Final[dict[str, dict[str, object]]] = {
    "usage.recorded": {"count": 2},
    "ticket.created": {"priority": "normal", "category": "question"},
    "survey.responded": {"survey_type": "csat", "score": 2, "scale_min": 1, "scale_max": 5},
    "touch.logged": {"direction": "inbound", "kind": "email"},
}
"""Counted in windows."""
KEPT: Final[dict[str, dict[str, object]]] = {
    "goal.set": {"goal_id": "late", "kind": "revenue", "direction": "up"},
    "stakeholder.updated": {"stakeholder_id": "late", "role": "sponsor"},
    "incident.opened": {"incident_id": "late", "severity": "major"},
}
"""Taken at any age."""


def late(feed: Feed, accounts: int) -> Iterator[tuple[bool, Sent]]:
    """One event of each of these types and ages for so many accounts: whether it is too late, and its record."""
    for number in range(accounts):
        account = f"account-{number:05d}"
        recorded = feed.load.end_ms - DAY_MS + number
        for kind, body in (COUNTED | KEPT).items():
            for age in AGES_MS:
                event = {
                    "event_id": f"late-{number}-{kind}-{age}",
                    "event_type": kind,
                    "account_id": account,
                    "occurred_at": recorded - age,
                    "source": "late",
                    **body,
                }
                if kind == "ticket.created":
                    event["ticket_id"] = event["event_id"]
                key = account.encode()
                place = partition_of(key, feed.partitions)
                sent = Sent(TOPIC_OF[kind], place, recorded, key, json.dumps(event).encode())
                yield kind in COUNTED and age > BOUND_MS, sent


def folded_late(feed: Feed, added: Iterable[tuple[bool, Sent]]) -> int:
    """How many events happened over a day before they were recorded and are folded in: told again counts once."""
    taken = (sent for too_late, sent in added if not too_late)
    seen: set[tuple[bytes | None, str]] = set()
    late = 0
    for sent in (*feed.records, *taken):
        event = json.loads(sent.value or b"")
        if (name := (sent.key, event["event_id"])) not in seen:
            seen.add(name)
            late += event["occurred_at"] < sent.timestamp - DAY_MS
    return late


def play(stage: Stage) -> None:
    """Events half, once, just over once and thirty times the bound late, of every kind, at the end of the load."""
    events, accounts = stage.sized(smoke=(2_000, 60), short=(10_000, 300), full=(200_000, 5_000))
    feed = stage.feed(events, accounts, bad=0)
    added = list(late(feed, accounts // 2))
    wanted = Counter(json.loads(sent.value or b"")["event_id"] for too_late, sent in added if too_late)
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        records = sorted([*feed.records, *(sent for _, sent in added)], key=lambda sent: sent.timestamp)
        work.send(records=records)
        surface = Surface()
        with work.crew(1, http_port=surface.port) as crew:
            crew.wait(lambda: work.behind() == 0, limit=600, what="the end of the log")
            time.sleep(1)  # metrics follow the commit
            metrics = surface.values()
            crew.stop()
        letters = work.letters()
        found = Counter(json.loads(letter.value)["event_id"] for letter in letters)
        reasons = {dict(letter.headers)["dlq.reason"] for letter in letters}
        assert (found, reasons) == (wanted, {b"too_late"}), f"{found.total()} of {wanted.total()} are dead letters"
        assert metrics["detector_dlq_total"] == wanted.total(), "the metric says something else"
        folded, told = folded_late(feed, added), metrics["detector_late_events_total"]
        assert told == folded, f"{folded} late events were folded in, the metric says {told:.0f}"
        stage.figure("late and folded", folded)
        stage.figure("too late", wanted.total())
        stage.judge(work)


PROMISE = Promise("P6", "late events are folded up to 70 days, and later ones told", play)
