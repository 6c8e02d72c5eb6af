"""Every rule's timelines, on the domain alone: each transition at its minute, no other."""

from pathlib import Path

import msgspec
import pytest

from detector.catalogue.pack import BUILT_IN, load_plan
from detector.catalogue.timeline import Timeline, examples_of, load_timelines
from detector.domain.alerts import Alert, iso
from detector.domain.events import EVENT_TYPES, Event
from detector.domain.partition import Partition
from detector.domain.record import RawRecord, Record

PLAN = load_plan()
TIMELINES = [timeline for path in examples_of(BUILT_IN) for timeline in load_timelines(path)]


def _decode(record: RawRecord, topic: str) -> Event:
    body = msgspec.json.decode(record.value or b"")
    if body.get("feature"):
        body["feature"] = body["feature"].casefold()
    return msgspec.convert(body, EVENT_TYPES[body["event_type"]], strict=False)


def run(timeline: Timeline) -> list[Alert]:
    rows = sorted(timeline.bare_events(), key=lambda row: row["_record_time"])
    records = [
        Record(number, row["_record_time"], row["account_id"].encode(), msgspec.json.encode(row))
        for number, row in enumerate(rows)
    ]
    partition = Partition(0, plan=PLAN, topics=("crm",), decode=_decode, store={})
    partition.offer("crm", records)
    partition.advance({"crm"})
    partition.run_to(timeline.until_ms, grace_passed=True)
    changes = partition.collect()
    assert changes is not None
    return [alert for alert in changes.alerts if alert.rule_id == timeline.rule]


def said(alert: Alert) -> dict[str, object]:
    return {
        "at": alert.detected_at,
        "transition": alert.transition,
        "severity": alert.severity if alert.transition in ("opened", "escalated", "eased", "reopened") else None,
        "subject": alert.subject.id,
        "resolution": alert.resolution,
    }


@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda timeline: f"{timeline.rule}: {timeline.name}")
def test_the_rule_says_what_its_timeline_expects(timeline: Timeline) -> None:
    expected = [{**want.model_dump(), "at": iso(timeline.at_ms(want))} for want in timeline.expect]
    assert [said(alert) for alert in run(timeline)] == expected


@pytest.mark.parametrize("path", examples_of(BUILT_IN), ids=lambda path: path.stem)
def test_every_rule_opens_nearly_opens_and_clears(path: Path) -> None:
    assert {timeline.shows for timeline in load_timelines(path)} == {"opens", "near_miss", "clears"}
