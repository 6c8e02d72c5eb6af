"""Every naughty string as an account, a person, a feature and a subject: it comes out of the alert as it went in."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from detector import codec
from detector.catalogue.pack import load_plan
from detector.domain.record import Record, Reject
from detector.domain.state import account_path, hot_key
from detector.settings import Settings
from detector.worker import partition
from schemas.alert import Alert
from schemas.health import Health
from schemas.topics import CRM
from tests.codec.corpus import naughty_strings

BEGIN = 1_767_571_200_000  # Monday 2026-01-05
HOUR = 3_600_000
DAY = 24 * HOUR
RULES = ("sponsor.left", "support.flood", "incident.untold")


def record(offset: int, kind: str, at: int, account: str, **fields: Any) -> Record:
    event = {"event_id": f"e{offset}", "event_type": kind, "account_id": account, "occurred_at": BEGIN + at, **fields}
    key = account.encode("utf-8", "surrogatepass")
    return Record(offset, BEGIN + at, key, json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def story(number: int, account: str, word: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """What opens an alert about a person, one about a feature and one about an incident of this name."""
    yield "stakeholder.updated", 9 * HOUR, {"stakeholder_id": word, "role": "sponsor"}
    for at in range(3):
        ticket = {"ticket_id": f"t{number}-{at}", "priority": "normal", "category": "question"}
        yield "ticket.created", 40 * DAY + at * HOUR, {**ticket, "feature": word, "stakeholder_id": "somebody"}
    yield "incident.opened", 40 * DAY + 4 * HOUR, {"incident_id": word, "severity": "major"}
    yield "stakeholder.left", 40 * DAY + 5 * HOUR, {"stakeholder_id": word}


def taken_as_account(word: str) -> bool:
    raw = record(0, "usage.recorded", 0, word)
    return not isinstance(codec.decode(raw, topic=CRM, partition=0, partitions=1), Reject)


def test_it_comes_out_of_alerts_and_snapshots_as_it_went_in() -> None:
    """Through the whole core, and through its state: every account is thawed once from what was stored of it."""
    store: dict[bytes, bytes] = {}
    settings = Settings(record_time="create")
    plan = load_plan()
    words = list(dict.fromkeys(naughty_strings()))
    told = [
        (at, kind, account, fields)
        for number, word in enumerate(words)
        for account in (word if taken_as_account(word) else f"plain-{number}",)
        for kind, at, fields in story(number, account, word)
    ]
    told.sort(key=lambda one: one[0])
    alerts: list[bytes] = []
    health: dict[bytes, bytes | None] = {}
    wanted = {"account": set[str](), "subject": set[str]()}
    records = [record(offset, kind, at, account, **fields) for offset, (at, kind, account, fields) in enumerate(told)]
    for raw, (_, kind, account, fields) in zip(records, told, strict=True):
        found = codec.decode(raw, topic=CRM, partition=0, partitions=1)
        if isinstance(found, Reject):
            continue
        if kind == "incident.opened":
            wanted["account"].add(account)
            wanted["subject"].add(fields["incident_id"])
        if kind == "stakeholder.left":
            wanted["subject"].add(fields["stakeholder_id"])
        if kind == "ticket.created":
            wanted["subject"].add(fields["feature"].casefold())
    middle = next(at for at, one in enumerate(told) if one[0] >= 40 * DAY)
    for part in (records[:middle], records[middle:]):  # a worker that was restarted in between
        core: Any = partition(0, store, settings, plan, partitions=1)
        core.restore()
        core.offer(CRM, part)
        core.advance(frozenset(core._queues))
        core.run_to(BEGIN + (41 if part[-1] is records[-1] else 39) * DAY)
        changes = core.collect()
        store |= {key: value for key, value in changes.states if value is not None}
        alerts += [codec.encode_alert(alert)[1] for alert in changes.alerts]
        health |= {key: value for key, value, _ in map(codec.encode_health, changes.health)}
    bodies = [json.loads(body) for body in alerts]
    assert {body["account_id"] for body in bodies} >= wanted["account"]
    subjects = {body["subject"]["id"] for body in bodies if body["rule_id"] in RULES}
    assert subjects == wanted["subject"]
    assert len(wanted["account"]) > 450
    for body in alerts[:: len(alerts) // 200]:
        Alert.model_validate_json(body)
    for key, value in health.items():
        tenant, account = key.decode().split("/")
        assert json.loads(value or b"")["account_id"] == unquote(account)
        assert hot_key(account_path(tenant, unquote(account))) in store
    for value in [*health.values()][:: len(health) // 100]:
        Health.model_validate_json(value or b"")
