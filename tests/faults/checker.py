"""Whether exactly what must come of a log is there for a read_committed reader; each kind of error is counted apart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from tests.faults.expected import Outcome, by_account, dead_letters


class Revision(msgspec.Struct, frozen=True):
    """What makes publishing an alert idempotent."""

    alert_id: str
    revision: int


@dataclass(frozen=True)
class Verdict:
    """Errors by kind: all are 0 where the promise holds."""

    lost: int = 0
    """Transitions that must be there and are not."""
    spurious: int = 0
    """Transitions that are there and must not be."""
    doubled: int = 0
    """Transitions that are there again."""
    bodies: int = 0
    """(alert_id, revision) with more than one body."""
    order: int = 0
    """Accounts whose transitions, as far as they are there, come in another order."""
    states: int = 0
    """Accounts' records in the changelog that differ, are missing or too many."""
    health: int = 0
    """The same of health snapshots."""
    letters: int = 0
    """Dead letters missing, too many, doubled or different, by place of the original."""
    behind: int = 0
    """Records of the in-topics beyond the committed offsets."""

    @property
    def exact(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, one.name) for one in fields(self))

    def __str__(self) -> str:
        """Name what is wrong."""
        wrong = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}
        return ", ".join(f"{name} {count}" for name, count in wrong.items()) or "exact"


def compare(
    expected: Outcome,
    *,
    alerts: Sequence[bytes],
    states: Mapping[bytes, bytes],
    health: Mapping[bytes, bytes | None],
    letters: Sequence[Any],
    behind: int,
) -> Verdict:
    """Compare what was read with what must be there; alerts and dead letters come in the order of their topic."""
    wanted, found = Counter(expected.alerts), Counter(alerts)
    decode = msgspec.json.Decoder(Revision).decode
    revisions = Counter(map(decode, found))
    read = dead_letters((record.key, record.value, record.headers) for record in letters)
    common = wanted.keys() & found.keys()
    there, here = (
        by_account(dict.fromkeys(body for body in some if body in common)) for some in (expected.alerts, alerts)
    )
    return Verdict(
        lost=len(wanted.keys() - found.keys()),
        spurious=len(found.keys() - wanted.keys()),
        doubled=sum(found.values()) - len(found),
        bodies=sum(count > 1 for count in revisions.values()),
        order=sum(here[account] != bodies for account, bodies in there.items()),
        states=_different(expected.states, states),
        health=_different(expected.health, health),
        letters=_different(expected.dead_letters, read) + len(letters) - len(read),
        behind=behind,
    )


def _different(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> int:
    missing = object()
    return sum(one.get(key, missing) != other.get(key, missing) for key in one.keys() | other.keys())
