"""The customer's goals: agreed with a schedule, measured monthly, a little ahead of it, reached and celebrated."""

from random import Random
from typing import Final

from harness.healthy.book import Book

KINDS: Final = (
    ("revenue", 100.0, 180.0),
    ("cost", 320.0, 140.0),
    ("risk", 48.0, 20.0),
    ("productivity", 21.0, 9.0),
)
"""What is wanted, from where and to where."""

SHARES: Final = ((56, 0.25), (112, 0.55), (168, 1.0))
"""The schedule: days after the goal was set, share of the way."""

MEASURED_EVERY: Final = 28


def pursue(book: Book) -> None:
    """Write the goals of each role that decides, one after another: the next one is set as soon as one is reached."""
    for role in ("sponsor", "champion", "executive"):
        if role in book.customer.roles:
            chance = book.chance(f"goals/{role}")
            day, number = book.workday(book.first + chance.randint(3, 9)), 0
            while day < book.days:
                day = _pursue(book, chance, role, day, f"{book.customer.account_id}-{role}-{number}")
                number += 1


def _pursue(book: Book, chance: Random, role: str, begin: int, goal_id: str) -> int:
    """Write one goal; returns the day on which it was reached."""
    kind, baseline, target = chance.choice(KINDS)
    goal, who = {"goal_id": goal_id}, book.told_by(role)
    schedule = [
        {"at": book.at(begin + days, 9), "expected": baseline + share * (target - baseline)} for days, share in SHARES
    ]
    direction = "up" if target > baseline else "down"
    book.add(
        "goal.set", begin, 9, **goal, **who, kind=kind, baseline=baseline, target=target, direction=direction,
        schedule=schedule,
    )  # fmt: skip
    ahead = chance.uniform(1.03, 1.15)
    for nominal in range(begin + MEASURED_EVERY, begin + 400, MEASURED_EVERY):
        day = book.workday(nominal)
        way = _expected(day - begin) * (ahead + chance.uniform(-0.02, 0.02))
        value = baseline + way * (target - baseline)
        evidence = chance.choices(("measured", "customer_confirmed"), (2, 1))[0]
        book.add("goal.measured", day, 10, **goal, value=round(value, 2), evidence=evidence)
        if way >= 1:
            book.add("goal.acknowledged", book.workday(day, chance.randint(1, 2)), 11, **goal, **who)
            book.add("goal.celebrated", book.workday(day, 3), 12, **goal, **who)
            closed = book.workday(day, 6)
            book.add("goal.closed", closed, 12, **goal, closed_as="achieved")
            return closed
    return book.days


def _expected(days: int) -> float:
    """The share of the way that the schedule expects so many days after the goal was set."""
    before, low = 0, 0.0
    for at, share in SHARES:
        if days < at:
            return low + (share - low) * (days - before) / (at - before)
        before, low = at, share
    return 1.0
