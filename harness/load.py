"""A seeded load: accounts that use, ask, talk, leave and measure goals; every rule of the pack has its causes.

Events come in record-time order as bare events (`detector emit`, `detector replay`). Some are sent twice, some happened
long before they were recorded; `usage` counts what was really done, per account.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

DAY_MS: Final = 86_400_000
FEATURES: Final = ("export", "search", "billing", "import")
ROLES: Final = ("sponsor", "executive", "champion", "end_user")
INCIDENTS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("incident.opened", {"severity": "major"}),
    ("incident.notified", {"phase": "update"}),
    ("incident.resolved", {}),
)

Body = tuple[str, dict[str, Any]]
"""An event's type and the fields that are its own."""


@dataclass
class Load:
    """`count` events of `accounts` accounts from `start_ms` (epoch milliseconds) on, over `days` days.

    `usage_share` of them are `usage.recorded`; `late_share` happened up to three days before they were recorded.
    """

    count: int
    accounts: int
    start_ms: int
    days: float
    seed: int = 7
    usage_share: float = 0.6
    late_share: float = 0.05
    duplicate_share: float = 0.01
    usage: Counter[str] = field(default_factory=Counter)

    @property
    def end_ms(self) -> int:
        """The end of the last day."""
        return self.start_ms + int(self.days * DAY_MS)

    def events(self) -> Iterator[dict[str, Any]]:
        """The events in the order in which they were recorded; fills `usage` anew."""
        random = Random(self.seed)
        sent_last: dict[str, dict[str, Any]] = {}
        self.usage.clear()
        for number in range(self.count):
            recorded = self.start_ms + int(number * self.days * DAY_MS / self.count)
            account = f"account-{random.randrange(self.accounts):05d}"
            if account in sent_last and random.random() < self.duplicate_share:
                yield {**sent_last[account], "_record_time": recorded}
                continue
            kind, body = self._body(_Teller(random, account, number, self.start_ms))
            late = random.randrange(3 * DAY_MS) if random.random() < self.late_share else 0
            event = {
                "event_id": f"event-{self.seed}-{number}",
                "event_type": kind,
                "account_id": account,
                "occurred_at": recorded - late,
                "source": "load",
                **body,
                "_record_time": recorded,
            }
            if kind == "usage.recorded":
                self.usage[account] += body["count"]
            sent_last[account] = event
            yield event

    def write(self, path: Path) -> Path:
        """Write the events as NDJSON."""
        with path.open("w") as file:
            file.writelines(json.dumps(event) + "\n" for event in self.events())
        return path

    def _body(self, teller: "_Teller") -> Body:
        if teller.random.random() < self.usage_share:
            return teller.usage()
        return _OTHERS[bisect_right(_ENDS, teller.random.random())](teller)


class _Teller:
    """What can be told of one account at one moment, a method each."""

    def __init__(self, random: Random, account: str, number: int, start_ms: int) -> None:
        self.random, self.account, self.number, self.start_ms = random, account, number, start_ms
        self.person = f"{account}:{random.randrange(5)}"

    def usage(self) -> Body:
        return "usage.recorded", {"count": self.random.randrange(1, 60), "stakeholder_id": self.person}

    def ticket(self) -> Body:
        ticket = {"ticket_id": f"t{self.number}", "priority": "normal", "category": "question"}
        return "ticket.created", {**ticket, "feature": self.random.choice(FEATURES), "stakeholder_id": self.person}

    def touch(self) -> Body:
        direction = self.random.choice(("inbound", "outbound", "outbound"))
        return "touch.logged", {"direction": direction, "kind": "email", "stakeholder_id": self.person}

    def incident(self) -> Body:
        kind, more = self.random.choice(INCIDENTS)
        return kind, {"incident_id": f"{self.account}-{self.random.randrange(3)}", **more}

    def role(self) -> Body:
        role, active = self.random.choice(ROLES), self.random.random() < 0.8
        return "stakeholder.updated", {"stakeholder_id": self.person, "role": role, "active": active}

    def leaving(self) -> Body:
        return "stakeholder.left", {"stakeholder_id": self.person}

    def goal(self) -> Body:
        schedule = [{"at": self.start_ms + day * DAY_MS, "expected": day} for day in (20, 50, 100)]
        goal = {"goal_id": "goal", "kind": "revenue", "baseline": 0, "target": 100, "direction": "up"}
        return "goal.set", {**goal, "schedule": schedule}

    def measured(self) -> Body:
        evidence = self.random.choice(("measured", "customer_confirmed", "vendor_asserted"))
        return "goal.measured", {"goal_id": "goal", "value": self.random.randrange(120), "evidence": evidence}

    def acknowledged(self) -> Body:
        return "goal.acknowledged", {"goal_id": "goal", "stakeholder_id": self.person}

    def account_facts(self) -> Body:
        zone = self.random.choice(("Europe/Berlin", "America/New_York", "Asia/Kolkata"))
        renewal = f"2026-{self.random.randrange(1, 13):02d}-15"
        return "account.updated", {"time_zone": zone, "renewal_date": renewal, "holidays": ["2026-01-19", "2026-02-16"]}


_ENDS: Final = (0.25, 0.6, 0.7, 0.78, 0.8, 0.85, 0.93, 0.99)
"""Where the share of each kind but usage ends; the last one has the rest."""

_OTHERS: Final[tuple[Callable[[_Teller], Body], ...]] = (
    _Teller.ticket,
    _Teller.touch,
    _Teller.incident,
    _Teller.role,
    _Teller.leaving,
    _Teller.goal,
    _Teller.measured,
    _Teller.acknowledged,
    _Teller.account_facts,
)
