"""The customers' own goals: agreed with a schedule, measured monthly, in the ordinary case a little ahead of it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from detector.demo.accounts import Customer
from detector.demo.diary import FIRST_DAY, Diary

MONTH: Final = 30
SHARES: Final = ((60, 0.15), (120, 0.30), (180, 0.50), (365, 1.0))
"""The ordinary schedule: days after the goal was set, share of the way."""


class Kind(NamedTuple):
    """What a customer wants, and from where to where; the direction follows."""

    goal_id: str
    kind: str
    name: str
    baseline: float
    target: float
    unit: str


KINDS: Final = (
    Kind("time_to_invoice", "productivity", "days from delivery to invoice", 21.0, 9.0, "days"),
    Kind("online_revenue", "revenue", "revenue through the portal", 100.0, 180.0, "thousand a month"),
    Kind("manual_work", "cost", "hours of manual work", 320.0, 140.0, "hours a month"),
    Kind("audit_findings", "risk", "findings per audit", 48.0, 20.0, "findings"),
    Kind("self_service", "productivity", "requests solved without a call", 30.0, 65.0, "percent"),
    Kind("returns", "cost", "parcels sent back", 24.0, 12.0, "percent"),
)


class Measure(NamedTuple):
    """A value of the goal on a day, and who vouches for it."""

    day: int
    value: float
    evidence: str = "measured"


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """A goal set at 9:00 on a day, its schedule as (days later, value expected) and its measures, each at 10:00."""

    what: Kind
    set_on: int
    schedule: tuple[tuple[int, float], ...]
    measures: tuple[Measure, ...]

    def expected(self, day: float) -> float:
        """The value the schedule expects on a day: linear from the baseline, flat after its last point."""
        points = ((0, self.what.baseline), *self.schedule)
        for (start, low), (end, high) in pairwise(points):
            if day - self.set_on < end:
                return low + (high - low) * (day - self.set_on - start) / (end - start)
        return points[-1][1]


CHAMPIONS: Final = Kind("teams_at_work", "productivity", "teams that work with the product", 0.0, 12.0, "teams")
"""What the champion wants for themselves."""


def ordinary_plan(diary: Diary, customer: Customer, kind: Kind | None = None) -> GoalPlan:
    """A goal on schedule: agreed early in the history (or in onboarding), measured on or soon after every 30th day."""
    chance = diary.chance("goal" if kind is None else f"goal {kind.goal_id}")
    what = kind or KINDS[chance.randrange(len(KINDS))]
    way = what.target - what.baseline
    set_on = diary.workday((customer.since if customer.is_new else FIRST_DAY) + chance.randint(7, 11))
    schedule = tuple((days, what.baseline + share * way) for days, share in SHARES)
    plan = GoalPlan(what, set_on, schedule, ())
    measures = [Measure(set_on + 1, what.baseline, "customer_confirmed")]  # where it starts
    for nominal in range(set_on + MONTH, 0, MONTH):
        day = diary.workday(nominal)
        ahead = chance.uniform(1.03, 1.12)
        measures.append(Measure(day, round(what.baseline + ahead * (plan.expected(day + 0.1) - what.baseline), 2)))
    return GoalPlan(what, set_on, schedule, tuple(measures))


def pursue(diary: Diary, plan: GoalPlan, whose: str, role: str) -> None:
    """Write the goal, as the person in a role wants it, and its measures."""
    what = plan.what
    diary.add(
        "goal.set",
        plan.set_on,
        "09:00",
        stakeholder_id=whose,
        role=role,
        goal_id=what.goal_id,
        kind=what.kind,
        name=what.name,
        baseline=what.baseline,
        target=what.target,
        unit=what.unit,
        direction="up" if what.target > what.baseline else "down",
        schedule=[
            {"at": diary.date(plan.set_on + days) + "T09:00:00Z", "expected": expected}
            for days, expected in plan.schedule
        ],
    )
    for measure in plan.measures:
        diary.add(
            "goal.measured", measure.day, "10:00", goal_id=what.goal_id, value=measure.value, evidence=measure.evidence
        )
