"""Accounts that are erased or merged, through a worker on a real Kafka: nothing is left of them but the log."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import replay
from detector.catalogue.pack import load_plan
from detector.domain.alerts import iso
from detector.domain.events import TOPIC_OF
from detector.domain.state import account_path, hot_key, record_key
from detector.files.read import read_files
from harness.spine import Spine
from schemas.topics import CONTROL, HEALTH, IN_TOPICS

BEGIN = 1_767_571_200_000  # Monday 2026-01-05
DAY = 86_400_000


def _event(kind: str, account: str, day: int, **fields: Any) -> dict[str, Any]:
    """An event at nine o'clock of a day."""
    at = BEGIN + day * DAY + 9 * 3_600_000
    return {
        "event_id": f"{account}-{kind}-{day}",
        "event_type": kind,
        "account_id": account,
        "occurred_at": at,
        **fields,
    }


def _story() -> list[dict[str, Any]]:
    """Four accounts go dark; one is erased, one merged, one merged and used again, one stays as it is."""
    found = []
    for account in ("erased", "merged", "again", "stays"):
        found += [_event("usage.recorded", account, day) for day in range(10)]
        found.append(_event("incident.opened", account, 26, incident_id="i1", severity="major"))
    found.append(_event("account.erased", "erased", 27))
    found += [_event("account.merged", account, 27, into_account_id="stays") for account in ("merged", "again")]
    found += [_event("usage.recorded", "again", day) for day in range(28, 30)]
    return sorted(found, key=lambda event: event["occurred_at"])


@pytest.mark.broker
def test_a_worker_forgets_accounts_as_a_replay_does(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Alerts to the byte, the changelog's last values, and the topic of snapshots, where a tombstone ends theirs."""
    events = _story()
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    spine = Spine(kafka, prefix, tmp_path)
    spine.apply_topics()
    spine.emit(file, until=iso(BEGIN + 60 * DAY))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, len(events) + 3 * spine.partitions)
        assert worker.stop() == 0
    log = read_files([spine.export(tmp_path / "export.ndjson")], topic_of=TOPIC_OF).log(None)
    replayed = Collected()
    replay(log, core_of(load_plan()), replayed.outputs(), topics=(*IN_TOPICS, CONTROL))
    assert spine.alerts() == replayed.alerts
    ends = {(body["account_id"], body["resolution"]) for body in map(json.loads, replayed.alerts)}
    by_erasure = {("erased", "account_ended"), ("merged", "superseded"), ("again", "superseded")}
    assert {end for end in ends if end[1] in ("account_ended", "superseded")} == by_erasure
    kept = {key for account in ("again", "stays") for key in _keys(account)}
    assert set(spine.state()) == kept
    snapshots = {record.key: record.value for record in spine.read(spine.prefix + HEALTH)}
    assert {key for key, value in snapshots.items() if value is None} == {b"default/erased", b"default/merged"}
    assert sorted(value for value in snapshots.values() if value is not None) == sorted(replayed.health)


def _keys(account: str) -> tuple[bytes, bytes]:
    path = account_path("default", account)
    return hot_key(path), record_key(path)
