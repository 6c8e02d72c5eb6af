"""Every rule's timelines in one stream through a worker on a real Kafka: the same transitions as without."""

import json
from operator import itemgetter
from pathlib import Path

import msgspec
import pytest

from detector.backtest.timelines import Heard, compare
from detector.catalogue.pack import load_examples
from detector.domain.alerts import iso
from harness.spine import Spine

TIMELINES = [timeline for timelines in load_examples().values() for timeline in timelines]


@pytest.mark.broker
def test_every_timeline_says_on_kafka_what_it_says_alone(kafka: str, prefix: str, tmp_path: Path) -> None:
    events = [event for timeline in TIMELINES for event in timeline.bare_events()]
    events.sort(key=itemgetter("_record_time"))
    file = tmp_path / "timelines.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    last = max(timeline.until_ms for timeline in TIMELINES)
    spine = Spine(kafka, prefix, tmp_path)
    spine.apply_topics()
    spine.emit(file, until=iso(last + 86_400_000))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, len(events) + 3 * spine.partitions)
        assert worker.stop() == 0
    published = [msgspec.json.decode(body) for body in spine.alerts()]
    for timeline in TIMELINES:
        mine = tuple(
            alert
            for alert in published
            if (alert["account_id"], alert["rule_id"]) == (timeline.account_id, timeline.rule)
            and alert["detected_at"] <= iso(timeline.until_ms)
        )
        assert compare(timeline, Heard(mine)).differences == (), timeline.name
