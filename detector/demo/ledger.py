"""The alerts as a reader meets them: every transition kept by tenant, and each alert with the worst it came to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from detector.demo import diary, university
from detector.demo.leavers import Alerted
from detector.demo.story import SEVERITIES, Story
from detector.demo.unfolded import Seen

COMPANY: Final = diary.TENANT
COURSE: Final = university.TENANT

TELLING: Final = frozenset({"opened", "escalated", "revised", "reopened"})
"""Transitions that tell people of a risk; the others say that it eases or ends."""


class Alert(msgspec.Struct, frozen=True):
    """What the show needs of one transition in `decay.alerts.v1`."""

    tenant_id: str
    account_id: str
    alert_id: str
    transition: str
    polarity: str
    severity: str
    rule_id: str
    detected_at: datetime
    title: str
    explanation: str
    resolution: str | None = None


@dataclass(slots=True)
class Case:
    """One alert so far: its last transition, and the highest severity that it reached."""

    last: Alert
    highest: str

    @property
    def ended(self) -> bool:
        """Whether it was resolved."""
        return self.last.transition == "resolved"


class Ledger:
    """All that was read from the alerts topic, in the order of arrival within each account."""

    def __init__(self) -> None:
        self.transitions: defaultdict[str, list[Alert]] = defaultdict(list)
        """By tenant."""
        self.cases: dict[str, Case] = {}
        """By alert id."""
        self.clock: datetime | None = None
        """The latest `detected_at` of all."""
        self._decode = msgspec.json.Decoder(Alert).decode
        self._first: dict[tuple[str, str], Alert] = {}
        self._of_account: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)

    def add(self, body: bytes) -> Alert:
        """Enter one record's value; raises `msgspec.ValidationError` for what is no alert."""
        alert = self._decode(body)
        self.transitions[alert.tenant_id].append(alert)
        self._first.setdefault((alert.tenant_id, alert.rule_id), alert)
        self.clock = max(alert.detected_at, self.clock or alert.detected_at)
        case = self.cases.get(alert.alert_id)
        if case is None:
            case = self.cases[alert.alert_id] = Case(alert, alert.severity)
            self._of_account[alert.tenant_id, alert.account_id].append(case)
        else:
            case.last = alert
            case.highest = max(case.highest, alert.severity, key=SEVERITIES.index)
        return alert

    def first_of_rule(self, alert: Alert) -> bool:
        """Whether it is the first transition of its rule in its tenant."""
        return self._first[alert.tenant_id, alert.rule_id] is alert

    def of_account(self, tenant_id: str, account_id: str) -> list[Case]:
        """The account's alerts, the first opened first."""
        return self._of_account[tenant_id, account_id]

    def of_tenant(self, tenant_id: str) -> list[Case]:
        """The tenant's alerts, the first opened first."""
        return [case for case in self.cases.values() if case.last.tenant_id == tenant_id]

    def of_story(self, story: Story) -> Case | None:
        """The alert that says how the story stands: the worst open one, else the last that ended; None: there is none.

        An alert that the story expects goes before one that it does not.
        """
        cases = self.of_account(COMPANY, story.account_id)
        return max(
            cases,
            key=lambda case: (
                not case.ended,
                case.last.rule_id in story.rule_ids,
                SEVERITIES.index(case.last.severity),
                case.last.detected_at,
            ),
            default=None,
        )

    def seen_in_company(self) -> Iterable[Seen]:
        """What the stories are held against."""
        for one in self.transitions[COMPANY]:
            if one.polarity == "risk":
                yield Seen(one.account_id, one.rule_id, one.severity, one.detected_at, one.resolution)

    def told_of_course(self) -> Iterable[Alerted]:
        """What the leavers are held against."""
        for one in self.transitions[COURSE]:
            if one.polarity == "risk" and one.transition in TELLING:
                yield Alerted(one.account_id, one.rule_id, one.severity, one.detected_at)
