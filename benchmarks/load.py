"""A seeded load: accounts that use, ask, talk, leave and measure goals, over many days; every rule of the pack has its causes.

Events come in record-time order as bare events of events.md 6. Some are sent twice, some happened long before they were
recorded; `usage` counts what was really done, per account.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

DAY_MS: Final = 86_400_000
FEATURES: Final = ("export", "search", "billing", "import")
ROLES: Final = ("sponsor", "executive", "champion", "end_user")


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
        """The events in the order in which they were recorded; fills `usage`."""
        random = Random(self.seed)
        sent_last: dict[str, dict[str, Any]] = {}
        for number in range(self.count):
            recorded = self.start_ms + int(number * self.days * DAY_MS / self.count)
            account = f"account-{random.randrange(self.accounts):05d}"
            if account in sent_last and random.random() < self.duplicate_share:
                yield {**sent_last[account], "_record_time": recorded}
                continue
            kind, body = self._body(random, account, number)
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

    def _body(self, random: Random, account: str, number: int) -> tuple[str, dict[str, Any]]:
        person = f"{account}:{random.randrange(5)}"
        if random.random() < self.usage_share:
            return "usage.recorded", {"count": random.randrange(1, 60), "stakeholder_id": person}
        draw = random.random()
        if draw < 0.25:
            ticket = {"ticket_id": f"t{number}", "priority": "normal", "category": "question"}
            return "ticket.created", {**ticket, "feature": random.choice(FEATURES), "stakeholder_id": person}
        if draw < 0.6:
            direction = random.choice(("inbound", "outbound", "outbound"))
            return "touch.logged", {"direction": direction, "kind": "email", "stakeholder_id": person}
        if draw < 0.7:
            kind = random.choice(("incident.opened", "incident.notified", "incident.resolved"))
            more = {"incident.opened": {"severity": "major"}, "incident.notified": {"phase": "update"}}.get(kind, {})
            return kind, {"incident_id": f"{account}-{random.randrange(3)}", **more}
        if draw < 0.78:
            role = random.choice(ROLES)
            return "stakeholder.updated", {"stakeholder_id": person, "role": role, "active": random.random() < 0.8}
        if draw < 0.8:
            return "stakeholder.left", {"stakeholder_id": person}
        if draw < 0.85:
            schedule = [{"at": self.start_ms + day * DAY_MS, "expected": day} for day in (20, 50, 100)]
            goal = {"goal_id": "goal", "kind": "revenue", "baseline": 0, "target": 100, "direction": "up"}
            return "goal.set", {**goal, "schedule": schedule}
        if draw < 0.93:
            evidence = random.choice(("measured", "customer_confirmed", "vendor_asserted"))
            return "goal.measured", {"goal_id": "goal", "value": random.randrange(120), "evidence": evidence}
        if draw < 0.99:
            return "goal.acknowledged", {"goal_id": "goal", "stakeholder_id": person}
        zone = random.choice(("Europe/Berlin", "America/New_York", "Asia/Kolkata"))
        renewal = f"2026-{random.randrange(1, 13):02d}-15"
        return "account.updated", {"time_zone": zone, "renewal_date": renewal, "holidays": ["2026-01-19", "2026-02-16"]}

    def write(self, path: Path) -> Path:
        """Write the events as NDJSON."""
        with path.open("w") as file:
            file.writelines(json.dumps(event) + "\n" for event in self.events())
        return path
