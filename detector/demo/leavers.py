"""Judge alerts on the course by what became of the students: who was alerted before leaving, and who at all.

Both labels of the source are used, each with its own leavers:

- `withdrew`: a formal withdrawal after day 0 (label A);
- `disengaged`: withdrawal or final silence, whichever came first, after day 0 and at least 28 days before the last
  deadline (label B, derived by the makers of the cut). Final silence is known only afterwards, so a detector of silence
  can be early here only by an earlier silence.

Nobody who left on or before day 0, formally or in the label's sense, is judged: those were never customers. `others`
are all who did not leave in the label's sense, so under `withdrew` they include students who fell silent and failed.
A leaver counts as alerted if a risk alert was opened before the day of leaving; anyone else if one was opened at all.
Nothing after the last deadline counts, neither way: half the course goes quiet when nothing is left to hand in.

Others are watched for longer than leavers, which alone raises their share. So a third share compares like with like:
for each leaver, how many of the others had been alerted before that same day, on average over the leavers. A detector
that knows nothing alerts as many of these as of the leavers. Lead time means nothing without it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Final, Literal, NamedTuple

from detector.demo.course import Outcome, course
from detector.demo.moments import midnight
from detector.demo.story import SEVERITIES
from detector.demo.university import account_of, day_start

PLAIN_RULE: Final = "silent for 14 days"

Label = Literal["withdrew", "disengaged"]


class Alerted(NamedTuple):
    """What is needed of an alert's transition: any that tells people of a risk, the first or a later one."""

    account_id: str
    rule_id: str
    severity: str
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class Score:
    """Enrolments under one label, and the median days from first alert to leaving (None: no leaver alerted)."""

    leavers: int
    leavers_alerted: int
    others: int
    others_alerted: int
    share_of_others_by_then: float
    """Of the others, the share alerted before the day a leaver left, 0-1, on average over the leavers."""
    median_lead_days: float | None

    @property
    def share_of_leavers(self) -> float:
        """Of the leavers, the share alerted before they left, 0-1."""
        return self.leavers_alerted / self.leavers

    @property
    def share_of_others(self) -> float:
        """Of the others, the share alerted, 0-1."""
        return self.others_alerted / self.others


def score(alerts: Iterable[Alerted], until: datetime, label: Label, at_least: str = "info") -> Score:
    """Judge the alerts of `at_least` that severity, on the course as `university.events(until)` tells it."""
    until, read = midnight(until), course()
    floor = SEVERITIES.index(at_least)
    horizon = day_start(until, read.last_deadline + 1)
    first: dict[str, datetime] = {}
    for alert in alerts:
        if SEVERITIES.index(alert.severity) >= floor and alert.detected_at < horizon:
            first[alert.account_id] = min(alert.detected_at, first.get(alert.account_id, horizon))
    left: list[
        tuple[datetime, datetime]
    ] = []  # the first alert, or the horizon where there was none; the day of leaving
    others: list[datetime] = []
    for student, outcome in read.outcomes.items():
        day = leaving_day(outcome, label)
        if any(known is not None and known <= 0 for known in (outcome.withdrawn, day)):
            continue
        alerted = first.get(account_of(student), horizon)
        if day is None:
            others.append(alerted)
        else:
            left.append((alerted, day_start(until, day)))
    leads = [(day - alerted) / timedelta(days=1) for alerted, day in left if alerted < min(day, horizon)]
    by_then = [sum(alerted < min(day, horizon) for alerted in others) / len(others) for _, day in left]
    return Score(
        leavers=len(left),
        leavers_alerted=len(leads),
        others=len(others),
        others_alerted=sum(alerted < horizon for alerted in others),
        share_of_others_by_then=fmean(by_then),
        median_lead_days=median(leads) if leads else None,
    )


def leaving_day(outcome: Outcome, label: Label) -> int | None:
    """The day the student left in the sense of the label."""
    return outcome.withdrawn if label == "withdrew" else outcome.disengaged


def plain_silence(until: datetime, days: int = 14) -> Iterator[Alerted]:
    """The alerts of a detector that knows one thing: no click on so many whole days in a row.

    Days count from day 0 or a later registration. Each silence is told once, at the end of the last of those days.
    """
    until, read = midnight(until), course()
    active = {student: [max(registered, 0) - 1] for student, registered in read.registered.items()}
    for clicks in read.clicks:
        if clicks.day > active[clicks.student][0]:
            active[clicks.student].append(clicks.day)
    end = read.last_deadline + 1
    for student, active_days in active.items():
        for last, following in zip(active_days, [*active_days[1:], end + days], strict=True):
            if following - last > days:
                yield Alerted(account_of(student), PLAIN_RULE, "warn", day_start(until, last + days + 1))
