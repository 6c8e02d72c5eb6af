"""The real half, judged: who was alerted before leaving, beside the others and a plain rule, and what that says."""

from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import Final, NamedTuple

from rich.table import Table

from detector.demo.course import course
from detector.demo.leavers import PLAIN_RULE, Alerted, Label, Score, plain_silence, score

ALL: Final = "all rules together"
LABELS: Final[tuple[Label, ...]] = ("withdrew", "disengaged")
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
    rows += [(f"plain: {PLAIN_RULE}", silence, len(silence))]
    return [
        Judged(name, count, {label: score(alerts, until, label) for label in LABELS}) for name, alerts, count in rows
    ]


def table(judged: list[Judged]) -> Table:
    """A row for each detector; under each label three shares in percent, as the heading says."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    found.add_column("percent alerted:\nleavers, others by then, others ever", no_wrap=True)
    for label in LABELS:
        found.add_column(f"\n{label}", justify="right", no_wrap=True)
    found.add_column("\nalerts", justify="right")
    for row in judged:
        found.add_row(row.name, *(_shares(row.by_label[label]) for label in LABELS), f"{row.alerts:,}")
    return found


def _shares(found: Score) -> str:
    shares = (found.share_of_leavers, found.share_of_others_by_then, found.share_of_others)
    return " ".join(f"{share * 100:4.0f}" for share in shares)


def words(judged: list[Judged]) -> Iterator[str]:
    """What the table says, and what it does not."""
    yield (
        "Leavers: before they left. Others by then: by the same day, on average. Withdrew: formally. Disengaged:"
        " withdrew or fell silent for good, which only the end of the course could tell."
    )
    everything, *rules, plain = judged
    withdrew = everything.by_label["withdrew"]
    yield (
        f"Of {withdrew.leavers} students who withdrew, {withdrew.leavers_alerted} had an alert before they did, but so"
        f" had {withdrew.share_of_others_by_then:.0%} of the others by the same day: {everything.alerts:,} alerts are"
        f" {everything.alerts / len(course().registered):.1f} an enrolment in nine months."
        f" That there is one says {'little' if _lift(everything) < LITTLE else 'something'} about who will leave."
    )
    best = max(rules, key=_lift, default=everything)
    yield (
        f"Tells them apart best: {best.name}, {_times(best)}"
        f" (plain silence {_lift(plain):.1f}, all rules together {_lift(everything):.1f})."
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
