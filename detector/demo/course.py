"""The bundled course: one real module of the Open University, read as it lies in `data/open-university`.

Days are those of the source: integers from the module's start, day 0; there are no times of day and no calendar dates.
"""

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

FIRST_DAY: Final = -10
"""The first day with a click."""

LAST_DAY: Final = 268
"""The last day with a click, the module's last."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """The clicks of one student on one day, by the kind of page."""

    student: str
    day: int
    by_activity: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Submission:
    """One assessment handed in on a day; `banked`: carried over from an earlier try."""

    student: str
    day: int
    assessment: str
    banked: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: the day of a formal withdrawal, and that of the derived label; None = it never came."""

    result: str
    withdrawn: int | None
    disengaged: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """All of the bundle. `deadlines`: (assessment, day, weight in percent), by day, the exam not among them."""

    clicks: tuple[Clicks, ...]
    submissions: tuple[Submission, ...]
    deadlines: tuple[tuple[str, int, float], ...]
    registered: Mapping[str, int]
    outcomes: Mapping[str, Outcome]

    @property
    def last_deadline(self) -> int:
        """The day of the last deadline: afterwards there is nothing left to hand in."""
        return self.deadlines[-1][1]


@cache
def course() -> Course:
    """Read the bundle; the same object at every call."""
    return Course(
        clicks=tuple(
            Clicks(student, int(day), {name: int(count) for name, count in row.items() if count})
            for row in _rows("clicks.csv.gz")
            for student, day in [(row.pop("id_student"), row.pop("date"))]
        ),
        submissions=tuple(
            Submission(row["id_student"], int(row["date_submitted"]), row["id_assessment"], row["is_banked"] == "1")
            for row in _rows("submissions.csv.gz")
        ),
        deadlines=tuple(
            sorted(
                (
                    (row["id_assessment"], int(row["date"]), float(row["weight"]))
                    for row in _rows("assessments.csv")
                    if row["assessment_type"] != "Exam"
                ),
                key=lambda deadline: deadline[1],
            )
        ),
        registered={row["id_student"]: int(row["date_registration"]) for row in _rows("enrolments.csv.gz")},
        outcomes={
            row["id_student"]: Outcome(
                row["final_result"], _day(row["date_unregistration"]), _day(row["disengaged_day"])
            )
            for row in _rows("outcomes.csv.gz")
        },
    )


def _rows(name: str) -> list[dict[str, str]]:
    data = (files("detector.demo") / "data" / "open-university" / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return list(csv.DictReader(text.decode().splitlines()))


def _day(text: str) -> int | None:
    return int(text) if text else None
