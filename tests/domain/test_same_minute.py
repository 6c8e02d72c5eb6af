"""A deadline that falls on the account's own minute of daily evaluations is judged together with them."""

from typing import Any

from detector.catalogue.pack import load_plan
from detector.domain import events as e
from detector.domain.alerts import iso
from detector.domain.calendar import DAY_MS, MINUTE_MS
from detector.domain.partition import Partition
from detector.domain.record import RawRecord, Record
from detector.domain.schedule import minute_of
from detector.domain.state import account_path

MONDAY_MS = 1_767_571_200_000


def test_an_obligation_due_at_the_daily_minute_opens_beside_the_daily_rules() -> None:
    at = MONDAY_MS + 40 * DAY_MS + minute_of(account_path("default", "acme")) * MINUTE_MS
    common: Any = {"account_id": "acme"}
    events: list[e.Event] = [
        e.AccountUpdated(event_id="a", occurred_at=MONDAY_MS, working_days=("mon", "tue", "wed"), **common),
        *(
            e.UsageRecorded(event_id=f"u{day}", occurred_at=MONDAY_MS + day * DAY_MS, count=9, **common)
            for day in range(40)
        ),
        e.IncidentOpened(event_id="i", occurred_at=at - 30 * MINUTE_MS, incident_id="i1", severity="major", **common),
    ]
    by_offset = dict(enumerate(events))

    def decode(record: RawRecord, topic: str) -> e.Event:
        del topic
        return by_offset[record.offset]

    partition = Partition(0, plan=load_plan(), topics=("crm",), decode=decode, store={})
    partition.offer("crm", [Record(offset, event.occurred_at, b"", b"") for offset, event in by_offset.items()])
    partition.advance({"crm"})
    partition.run_to(at, grace_passed=True)
    changes = partition.collect()
    assert changes is not None
    opened = [alert for alert in changes.alerts if alert.transition == "opened"]
    assert [alert.rule_id for alert in opened if alert.detected_at == iso(at)] == ["incident.untold"]
