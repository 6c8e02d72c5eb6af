"""The detector's own core, replayed."""

import json
import random
from functools import cache
from pathlib import Path

import pytest

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import CHUNK, Core, replay
from detector.catalogue.pack import load_plan
from detector.domain.events import TOPIC_OF
from detector.files.exported import encode_end, encode_record
from detector.files.log import End, Log
from detector.files.read import read_files

BEGIN = 1_772_442_000_000  # Monday, 2026-03-02T09:00:00Z
MINUTE = 60_000
DAY = 86_400_000
IN_TOPICS = ("usage.events.v1", "support.events.v1", "crm.events.v1")


@cache
def core() -> Core:
    return core_of(load_plan())


def event(kind: str, account: str, at: int, number: int = 0, **fields: object) -> bytes:
    body = {"event_id": f"{account}-{kind}-{number}", "event_type": kind, "account_id": account, "occurred_at": at}
    return json.dumps({**body, "source": "test", **fields}).encode()


def read(path: Path, *lines: bytes, partitions: int | None = None) -> Log:
    path.write_bytes(b"\n".join(lines))
    return read_files([path], topic_of=TOPIC_OF).log(partitions)


def run(log: Log, *, until: int | None = None, chunk: int = CHUNK) -> Collected:
    found = Collected()
    replay(log, core(), found.outputs(), topics=IN_TOPICS, until=until, chunk=chunk)
    return found


def stories(count: int = 60) -> list[bytes]:
    """Six weeks of accounts with floods of tickets, outages nobody announces, and usage that ends."""
    chance = random.Random(7)
    lines = []
    for n in range(count):
        account = f"account-{n}"
        for day in range(42 if n % 3 else 20):
            for k in range(chance.randrange(4)):
                at = BEGIN + day * DAY + chance.randrange(8 * 60) * MINUTE
                who = f"person-{chance.randrange(5)}"
                lines.append(event("usage.recorded", account, at, day * 10 + k, feature="export", stakeholder_id=who))
            if n % 4 == 0 and day > 30:
                at = BEGIN + day * DAY + chance.randrange(8 * 60) * MINUTE
                ticket = {"ticket_id": f"t{day}", "priority": "high", "category": "defect", "feature": "import"}
                lines.append(event("ticket.created", account, at, day, **ticket))
            if n % 5 == 0 and day % 15 == 3:
                at = BEGIN + day * DAY
                lines.append(event("incident.opened", account, at, day, incident_id=f"i{day}", severity="major"))
                lines.append(event("incident.resolved", account, at + 120 * MINUTE, day, incident_id=f"i{day}"))
    return lines


def test_a_deadline_fires_when_the_clock_is_moved_past_it(tmp_path: Path) -> None:
    log = read(tmp_path / "e", event("incident.opened", "acme", BEGIN, incident_id="i1", severity="major"))
    assert run(log).alerts == []
    assert run(log, until=BEGIN + 30 * MINUTE - 1).alerts == []
    (body,) = map(json.loads, run(log, until=BEGIN + 30 * MINUTE).alerts)  # grace counts as passed
    assert (body["rule_id"], body["transition"], body["detected_at"]) == (
        "incident.untold",
        "opened",
        "2026-03-02T09:30:00.000Z",
    )
    assert body["trigger"] == {"deadline": "2026-03-02T09:30:00.000Z"}


def test_what_is_offered_and_committed_at_a_time_changes_nothing_that_is_published(tmp_path: Path) -> None:
    log = read(tmp_path / "e", *stories(), partitions=2)
    whole = run(log, until=BEGIN + 60 * DAY)
    assert len(whole.alerts) > 50
    assert len(whole.health_log) > len(whole.health) > 50
    for chunk in (7, 200):
        assert run(log, until=BEGIN + 60 * DAY, chunk=chunk) == whole


def test_the_count_of_partitions_changes_the_order_of_what_is_published_and_no_alert(tmp_path: Path) -> None:
    found = [run(read(tmp_path / "e", *stories(), partitions=n), until=BEGIN + 60 * DAY) for n in (1, 5)]
    assert found[0].alerts != found[1].alerts
    assert sorted(found[0].alerts) == sorted(found[1].alerts)


def test_an_export_of_the_same_records_gives_the_same_alerts_with_their_places(tmp_path: Path) -> None:
    log = read(tmp_path / "e", *stories(), partitions=2)
    lines = [
        encode_record(topic, number, record)
        for number in range(2)
        for topic, each in log.runs(number).items()
        for record in each.records(0, len(each))
    ]
    ends = [encode_end(number, End(BEGIN + 60 * DAY)) for number in range(2)]
    bare = [json.loads(body) for body in run(log, until=BEGIN + 60 * DAY).alerts]
    exported = [json.loads(body) for body in run(read(tmp_path / "x", *lines, *ends)).alerts]
    for without, placed in zip(bare, exported, strict=True):
        if "event_id" in placed["trigger"]:
            assert isinstance(placed["trigger"]["partition"], int)
            assert isinstance(placed["trigger"]["offset"], int)
            placed["trigger"] |= {"partition": None, "offset": None}
        assert placed == without


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (event("ticket.created", "acme", BEGIN), "schema"),  # no ticket_id
        (event("tea.served", "acme", BEGIN), "unknown_type"),
        (event("usage.recorded", "acme", BEGIN, _record_time=BEGIN + 71 * DAY), "too_late"),
        (event("usage.recorded", "acme", BEGIN, _record_time=BEGIN - 6 * MINUTE), "timestamp_out_of_range"),
        (event("usage.recorded", "acme", BEGIN, schema_version="7.0"), "unsupported_version"),
        (b"{", "bad_json"),
    ],
)
def test_an_event_that_is_refused_is_told_by_file_line_and_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    log = read(tmp_path / "e", event("usage.recorded", "acme", BEGIN), line, partitions=3)
    (body,) = map(json.loads, run(log).dead_letters)
    assert (body["file"], body["line"], body["reason"]) == (str(tmp_path / "e"), 2, reason)
    assert body["value"].encode() == line
    assert body["detail"]
