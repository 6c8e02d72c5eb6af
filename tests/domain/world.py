"""A partition and what it needs, for tests: events by record time in, everything that came of it out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from detector.catalogue.pack import load_plan
from detector.domain.alerts import Alert
from detector.domain.events import Event
from detector.domain.health import Forgotten, Health
from detector.domain.partition import Changes, Partition, RecordTime
from detector.domain.plan import Plan, Rule
from detector.domain.record import RawRecord, Record, Reject
from detector.domain.state import AccountRecord, account_path, decode_account_record, hot_key, record_key

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_767_571_200_000  # Monday 2026-01-05 00:00 UTC

PLAN: Plan = load_plan()
SPINE: Plan = load_plan(Path(__file__).parents[2] / "benchmarks" / "spine_pack")  # eight rules that stay as they are
_bytes = msgspec.json.Encoder().encode

Row = tuple[int, str, Event | Reject]  # record time, topic, what is read of the record


@dataclass
class Log:
    """Records of each topic in offset order, and what is read of each."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    read: list[Event | Reject] = field(default_factory=list)

    def decode(self, record: RawRecord, topic: str) -> Event | Reject:
        del topic
        return self.read[int(record.value or b"")]


def log_of(rows: Iterable[Row], topics: Sequence[str] = ()) -> Log:
    """A log with each topic's rows in the order given."""
    log = Log({topic: [] for topic in topics})
    for timestamp, topic, read in rows:
        records = log.records.setdefault(topic, [])
        records.append(Record(len(records), timestamp, b"", str(len(log.read)).encode()))
        log.read.append(read)
    return log


@dataclass
class World:
    """A partition over a log, as an engine drives it: offer, advance, collect, the store kept current, restarts."""

    log: Log
    plan: Plan = PLAN
    record_time: RecordTime = "log_append"
    store: dict[bytes, bytes] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    forgotten: list[Forgotten] = field(default_factory=list)
    published: list[Health | Forgotten] = field(default_factory=list)
    changes: list[Changes] = field(default_factory=list)
    bare: bool = False

    def __post_init__(self) -> None:
        self.partition = self._new()

    def _new(self) -> Partition:
        partition = Partition(
            3,
            plan=self.plan,
            topics=tuple(self.log.records),
            decode=self.log.decode,
            store=self.store,
            record_time=self.record_time,
            bare=self.bare,
        )
        partition.restore()
        return partition

    def restart(self) -> None:
        """Forget everything that is not in the store."""
        self.partition = self._new()

    def collect(self) -> Changes | None:
        """Make what came of it durable."""
        changes = self.partition.collect()
        if changes is not None:
            for key, value in changes.states:
                if value is None:
                    self.store.pop(key, None)
                else:
                    self.store[key] = value
            self.alerts += changes.alerts
            self.published += changes.health
            self.health += [snapshot for snapshot in changes.health if isinstance(snapshot, Health)]
            self.forgotten += [none for none in changes.health if isinstance(none, Forgotten)]
            self.changes.append(changes)
            self.partition.committed()
        return changes

    def offer_rest(self) -> None:
        """Offer all that was not applied yet; only to a partition that was offered nothing since it began."""
        for topic, records in self.log.records.items():
            self.partition.offer(topic, records[self.partition.positions.get(topic, 0) :])

    def play(self, until: int | None = None) -> "World":
        """Apply everything in one go, then move the clock on to `until`, grace included."""
        self.offer_rest()
        self.partition.advance(set(self.log.records))
        if until is not None:
            self.partition.run_to(until, grace_passed=True)
        self.collect()
        return self

    # -- what a test compares ------------------------------------------------------------------------------------

    @property
    def alert_bytes(self) -> list[bytes]:
        return [_bytes(alert) for alert in self.alerts]

    @property
    def health_bytes(self) -> list[bytes]:
        return [_bytes(snapshot) for snapshot in self.published]

    def record(self, account_id: str = "acme", tenant_id: str = "default") -> AccountRecord:
        return decode_account_record(self.store[record_key(account_path(tenant_id, account_id))])

    def block(self, account_id: str = "acme", tenant_id: str = "default") -> bytearray:
        return bytearray(self.store[hot_key(account_path(tenant_id, account_id))])

    def said(self, rule_id: str | None = None) -> list[tuple[str, str, str, str | None]]:
        """(detected_at, transition, severity, subject) of each alert, of one rule or of all."""
        found = [alert for alert in self.alerts if rule_id in (None, alert.rule_id)]
        return [(alert.detected_at, alert.transition, alert.severity, alert.subject.id) for alert in found]

    def of(self, rule_id: str) -> list[Alert]:
        """The alerts of one rule."""
        return [alert for alert in self.alerts if alert.rule_id == rule_id]

    def open(self) -> set[tuple[str, str, str | None, str]]:
        """(account, rule, subject, severity) of every alert that is not resolved, by the last body of each."""
        last = {alert.fingerprint: alert for alert in self.alerts}
        return {(a.account_id, a.rule_id, a.subject.id, a.severity) for a in last.values() if a.status != "resolved"}


class Story:
    """Rows of one account, with event ids made of a number: `story(at, TouchLogged, direction="inbound", ...)`."""

    def __init__(self, account_id: str = "acme", tenant_id: str = "default", topic: str = "crm") -> None:
        self.account_id, self.tenant_id, self.topic = account_id, tenant_id, topic
        self.rows: list[Row] = []

    def __call__(
        self, at: int, cls: Callable[..., Event], *, late: int = 0, topic: str | None = None, **fields: object
    ) -> "Story":
        """An event at `at` (ms after T0), recorded `late` ms after it happened."""
        fields = {"event_id": f"{self.account_id}-{len(self.rows)}", **fields}
        event = cls(account_id=self.account_id, tenant_id=self.tenant_id, occurred_at=T0 + at, **fields)
        self.rows.append((T0 + at + late, topic or self.topic, event))
        return self

    def log(self, topics: Sequence[str] = ()) -> Log:
        """The log of these rows, in record order."""
        return log_of(sorted(self.rows, key=lambda row: row[0]), topics)

    def world(self, until: int | None = None, **options: object) -> World:
        """Everything applied, and the clock moved to `until` (ms after T0)."""
        world = World(self.log(), **options)  # type: ignore[arg-type]
        return world.play(None if until is None else T0 + until)


class Eight(Story):
    """Rows of an account that is judged by the eight rules of the spine: what others would say is not their subject."""

    def world(self, until: int | None = None, **options: object) -> World:
        return super().world(until, **{"plan": SPINE, **options})


def with_rule(changed: Rule, plan: Plan = PLAN) -> Plan:
    """The plan with the rule of this id replaced."""
    return msgspec.structs.replace(
        plan,
        rules=tuple(changed if rule.id == changed.id else rule for rule in plan.rules),
        entries={
            cls: msgspec.structs.replace(
                entry, wakes=tuple((changed if rule.id == changed.id else rule, field) for rule, field in entry.wakes)
            )
            for cls, entry in plan.entries.items()
        },
    )


def with_rules(rules: Iterable[Rule], release: int = PLAN.release) -> Plan:
    """The pack with these rules alone, all of them armed."""
    rules = tuple(msgspec.structs.replace(rule, index=index) for index, rule in enumerate(rules))
    by_id = {rule.id: rule for rule in rules}
    entries = {
        cls: msgspec.structs.replace(
            entry, wakes=tuple((by_id[rule.id], field) for rule, field in entry.wakes if rule.id in by_id)
        )
        for cls, entry in PLAN.entries.items()
    }
    default = msgspec.structs.replace(PLAN.default, armed=frozenset(range(len(rules))))
    return msgspec.structs.replace(PLAN, release=release, rules=rules, entries=entries, default=default)


def only(*rule_ids: str) -> Plan:
    """The pack with the rules of these ids alone: what a test says of them holds whatever rules there are beside."""
    return with_rules(rule for rule in PLAN.rules if rule.id in rule_ids)
