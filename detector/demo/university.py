"""Tenant `open-university`: a real course as events. One enrolment is one account; its withdrawal is not told.

The course's last day ends at the demo's end. The source knows days only, so the time of day is made: clicks spread from
the morning on, hand-ins fall into the evening, the same for the same student and day. All seven days are working days,
because the source's weekdays are not real.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final
from zlib import crc32

from detector.demo.course import FIRST_DAY, LAST_DAY, Course, Submission, course
from detector.demo.moments import midnight, moment

TENANT: Final = "open-university"
GOAL: Final = "course_weight"

Event = dict[str, object]


def account_of(student: str) -> str:
    """The account of a student's enrolment."""
    return f"aaa-2013j-{student}"


def day_start(until: datetime, day: int) -> datetime:
    """When a day of the course begins, if its last day ends at `until`."""
    return until + timedelta(days=day - LAST_DAY - 1)


def events(until: datetime) -> Iterator[Event]:
    """Bare events of the whole course, by account; `until` is a midnight of UTC (else ValueError)."""
    until, read = midnight(until), course()
    shift = -LAST_DAY - 1
    for student, registered in read.registered.items():
        yield from _enrolment(read, student, registered, until, shift)
    for clicks in read.clicks:
        student, day = clicks.student, clicks.day
        first = 7 * 3600 + crc32(f"{student} {day}".encode()) % (12 * 3600)
        for nth, (activity, count) in enumerate(clicks.by_activity.items()):
            yield {
                "event_id": f"{student}-click-{day}-{nth}",
                "event_type": "usage.recorded",
                "account_id": account_of(student),
                "occurred_at": moment(until, day + shift, first + nth * 420),
                "source": "oulad-clicks",
                "tenant_id": TENANT,
                "stakeholder_id": student,
                "feature": activity,
                "count": count,
            }
    weights = {assessment: weight for assessment, _, weight in read.deadlines}
    handed_in: defaultdict[str, list[Submission]] = defaultdict(list)
    for submission in read.submissions:
        handed_in[submission.student].append(submission)
    for student, submissions in handed_in.items():
        enrolled = _enrolled(read.registered[student])
        in_order = sorted((enrolled if s.banked else s.day, s.assessment) for s in submissions)
        values = accumulate(weights[assessment] for _, assessment in in_order)
        for (day, assessment), value in zip(in_order, values, strict=True):
            evening = 20 * 3600 + crc32(f"{student} {assessment}".encode()) % (3 * 3600)
            yield {
                "event_id": f"{student}-handed-in-{assessment}",
                "event_type": "goal.measured",
                "account_id": account_of(student),
                "occurred_at": moment(until, day + shift, evening),
                "source": "oulad-assessments",
                "tenant_id": TENANT,
                "goal_id": GOAL,
                "value": value,
                "evidence": "measured",
            }


def _enrolled(registered: int) -> int:
    """The day an account becomes known: its registration, at the earliest the first day with a click in the course."""
    return max(registered, FIRST_DAY)


def _enrolment(read: Course, student: str, registered: int, until: datetime, shift: int) -> Iterator[Event]:
    known = moment(until, _enrolled(registered) + shift)
    head = {"account_id": account_of(student), "occurred_at": known, "source": "oulad-enrolments", "tenant_id": TENANT}
    yield {
        "event_id": f"{student}-enrolled",
        "event_type": "account.updated",
        **head,
        "contract_start": moment(until, max(registered, 0) + shift)[:10],
        "stage": "adoption",
        "working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    }
    expected = accumulate(weight for _, _, weight in read.deadlines)
    yield {
        "event_id": f"{student}-goal",
        "event_type": "goal.set",
        **head,
        "goal_id": GOAL,
        "kind": "other_outcome",
        "name": "weight of the assessments handed in",
        "baseline": 0.0,
        "target": 100.0,
        "unit": "percent",
        "direction": "up",
        # a deadline is met until its day is over
        "schedule": [
            {"at": moment(until, day + 1 + shift), "expected": value}
            for (_, day, _), value in zip(read.deadlines, expected, strict=True)
        ],
    }
