"""The real half, judged: who was alerted before leaving, beside the others and a plain rule, and what that says."""

from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import Final, NamedTuple

from rich.table import Table

from detector.demo.course import FIRST_DAY, LAST_DAY, course
from detector.demo.leavers import Alerted, Label, Score, plain_silence, score
from detector.demo.ledger import Case
from detector.demo.university import account_of

ALL: Final = "all rules together"
PLAIN: Final = "plain 14-day silence"
"""The row of the plain rule, told by `plain_silence`."""
LABELS: Final[tuple[Label, ...]] = ("withdrew", "disengaged")
MONTHS: Final = (LAST_DAY - FIRST_DAY + 1) / 30
"""How long the course is watched."""
LITTLE: Final = 1.5
"""Below so many times as often, an alert says little."""


class Judged(NamedTuple):
    """One detector's alerts under both labels, and how many there were."""

    name: str
    alerts: int
    by_label: dict[Label, Score]


def judge(told: list[Alerted], opened: dict[str, int], until: datetime) -> list[Judged]:
    """All rules, each rule that spoke, and plain silence; `opened` counts alerts by rule."""
    silence = list(plain_silence(until))
    rows = [(ALL, told, sum(opened.values()))]
    rows += [(rule, [one for one in told if one.rule_id == rule], opened[rule]) for rule in sorted(opened)]
    rows += [(PLAIN, silence, len(silence))]
    return [
        Judged(name, count, {label: score(alerts, until, label) for label in LABELS}) for name, alerts, count in rows
    ]


def in_short(judged: list[Judged]) -> str:
    """What it comes to, in a sentence."""
    everything = judged[0]
    withdrew = everything.by_label["withdrew"]
    says = "little" if _lift(everything) < LITTLE else "something"
    return (
        f"Of {withdrew.leavers} students who withdrew, {withdrew.leavers_alerted} had an alert before they did, but so"
        f" had {withdrew.share_of_others_by_then:.0%} of the others by the same day: that there is an alert says {says}"
        f" about who will leave.{_lead(withdrew)}"
    )


def table(judged: list[Judged]) -> Table:
    """A row for each detector; for each label three shares in percent, and the number of alerts."""
    found = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    found.add_column("percent\nalerted by", no_wrap=True)
    for left in ("who\nwithdrew", "who\nleft"):
        for heading in (left, "others\nby then", "others\never"):
            found.add_column(heading, justify="right", no_wrap=True)
    found.add_column("\nalerts", justify="right", no_wrap=True)
    for row in judged:
        shares = [share for label in LABELS for share in _shares(row.by_label[label])]
        found.add_row(row.name, *(f"{share * 100:.0f}" for share in shares), f"{row.alerts:,}")
    return found


def _shares(found: Score) -> tuple[float, float, float]:
    return found.share_of_leavers, found.share_of_others_by_then, found.share_of_others


def _lead(found: Score) -> str:
    if found.median_lead_days is None:
        return ""
    return f" The first one came {found.median_lead_days:.0f} days before they left (median)."


def details(judged: list[Judged], cases: list[Case]) -> Iterator[str]:
    """What the columns are, what tells best, and what the table does not say."""
    yield (
        "Who withdrew: formally, alerted before they did. Who left: withdrew or fell silent for good, alerted before"
        " that (only the end of the course could tell). Others, beside each: everybody else, alerted by the same day,"
        " on average, and ever."
    )
    everything, *rules, plain = judged
    enrolments = len(course().registered)
    yield f"{everything.alerts:,} alerts are {everything.alerts / enrolments:.1f} an enrolment in nine months."
    stayed = {account_of(student) for student, one in course().outcomes.items() if one.withdrawn is None}
    false = sum(case.last.account_id in stayed and case.last.polarity == "risk" for case in cases)
    yield (
        f"False-alert load: {false:,} of them told of a risk to one of the {len(stayed)} who did not withdraw,"
        f" {false / len(stayed) / MONTHS:.2f} an enrolment and month."
    )
    best = max(rules, key=_lift, default=everything)
    yield (
        f"Tells them apart best: {best.name}, {_times(best)}"
        f" ({PLAIN} {_lift(plain):.1f}, {ALL} {_lift(everything):.1f})."
    )
    yield (
        "Breaks and the weeks between deadlines look like decay here: the source names no holidays, so nobody could"
        " tell the detector of them. One course and one run are no proof."
    )


def _lift(row: Judged) -> float:
    """How many times as often leavers were alerted before leaving as others by the same day; 1 = it knows nothing."""
    found = row.by_label["withdrew"]
    if found.share_of_others_by_then:
        return found.share_of_leavers / found.share_of_others_by_then
    return inf if found.share_of_leavers else 0.0


def _times(row: Judged) -> str:
    if _lift(row) == inf:
        return "on leavers only"
    return f"{_lift(row):.1f} times as many of the leavers as of the others"
