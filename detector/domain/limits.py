"""The cap of an account's record: what is dropped, and in which order, so that it stays under 64 KiB whatever comes.

`record.size` is never below the record's encoded size: it grows by what a step can have added at most, and is measured
when it reaches the cap. So the record is hardly ever encoded for it, and what is dropped depends on the log alone.
"""

from functools import cache
from typing import Any, Final

from detector.domain.account import Account
from detector.domain.events import AccountUpdated, Event, GoalSet
from detector.domain.facts import least_wanted
from detector.domain.measures import evict, least_wanted_goals, least_wanted_subjects
from detector.domain.state import AccountRecord
from detector.domain.tally import Evicted

CAP: Final = 60 * 1024
ROOM: Final = 44 * 1024  # what is left after something had to go, so that it does not go on for each event
STAGES: Final = (  # so many log entries, bodies of alerts and people are left: first logs go, then bodies, then people
    (32, 64, 1024), (16, 24, 1024), (16, 8, 1024), (8, 4, 1024), (8, 4, 512), (8, 4, 256), (8, 4, 128), (4, 2, 64),
    (2, 1, 32), (1, 1, 16), (1, 1, 8), (1, 1, 4),
)  # fmt: skip
INDEX_BYTES: Final = 64  # by so much what is kept of the index, but its days, and its deadline may grow with no event
ALERT_BYTES: Final = 1024  # of an episode, beside its body and what it is called
_WAKE_BYTES: Final = 12  # of a deadline, beside the rule's id
_EVENT_BYTES: Final = 512
_LONG_EVENT_BYTES: Final = 2_500  # of one with a schedule or holidays
_COPIES: Final = 5  # of an id or a name: in logs, tracks, people
_NEVER_KEPT: Final = frozenset({"event_id", "account_id", "tenant_id", "source", "schema_version", "occurred_at"})


@cache
def _kept_fields(cls: type[Event]) -> tuple[str, ...]:
    return tuple(name for name in cls.__struct_fields__ if name not in _NEVER_KEPT)


def grown_by(event: Event) -> int:
    """How many bytes of a record an event may add at most."""
    names = (getattr(event, name) for name in _kept_fields(event.__class__))
    text = sum(len(name.encode("utf-8", "surrogatepass")) for name in names if isinstance(name, str))
    return text * _COPIES + (_LONG_EVENT_BYTES if isinstance(event, GoalSet | AccountUpdated) else _EVENT_BYTES)


def wake_at(record: AccountRecord, rule_id: str, due: int) -> None:
    """Note a rule's next deadline."""
    record.size += 0 if rule_id in record.wake else len(rule_id) + _WAKE_BYTES
    record.wake[rule_id] = due


def keep_small(account: Account) -> None:
    """Measure a record whose `size` has reached the cap; drop the least wanted, counted, until there is room."""
    record = account.record
    record.size = _measured(account)
    if record.size <= CAP:
        return
    for entries, bodies, people in STAGES:
        _shorten_logs(account, entries)
        _drop_bodies(account, bodies)
        _drop_subjects(account, people)
        record.size = _measured(account)
        if record.size <= ROOM:
            return


def _measured(account: Account) -> int:
    return len(account.stored(0)) + INDEX_BYTES


def _shorten_logs(account: Account, keep: int) -> None:
    """Leave the latest `keep` entries of each log, and of each goal."""
    for log in account.record.logs.values():
        _drop(account, "log", log, keep)
    for goal in account.record.goals.values():
        _drop(account, "goal_point", goal.points, keep)
        _drop(account, "goal_ack", goal.acks, keep)


def _drop(account: Account, what: Evicted, entries: list[Any], keep: int) -> None:
    if len(entries) > keep:
        evict(account, what, len(entries) - keep)
        del entries[:-keep]


def _drop_bodies(account: Account, keep: int) -> None:
    """Leave the last bodies of the gravest `keep` alerts, the newest of equals: a snapshot shows no others."""
    told = sorted(
        (e for e in account.record.episodes if e.body), key=lambda e: (e.status != "resolved", e.severity, e.opened)
    )
    if len(told) > keep:
        evict(account, "body", len(told) - keep)
        for episode in told[:-keep]:
            episode.body = b""


def _drop_subjects(account: Account, keep: int) -> None:
    """Leave `keep` people, and a quarter as many goals and subjects of each kind (256 of 1024), the best wanted."""
    record = account.record
    _drop_first(account, "stakeholder", record.people, keep, list(least_wanted(record.people)))
    _drop_first(account, "goal", record.goals, max(1, keep // 4), list(least_wanted_goals(record.goals)))
    for sums in record.sums.values():
        order = sorted(sums, key=lambda subject: (sums[subject].days[-1], subject))
        _drop_first(account, "subject", sums, max(1, keep // 32), order)
    for kind, tracks in record.tracks.items():
        most = keep if kind == "stakeholder" else max(1, keep // 4)
        _drop_first(account, "subject", tracks, most, list(least_wanted_subjects(tracks)))


def _drop_first(account: Account, what: Evicted, kept: dict[str, Any], keep: int, order: list[str]) -> None:
    if len(kept) > keep:
        evict(account, what, len(kept) - keep)
        for name in order[: len(kept) - keep]:
            del kept[name]
