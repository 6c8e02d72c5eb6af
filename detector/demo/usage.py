"""A customer's use of the product: working days, a trend, a little noise, spread over people, features and hours."""

from collections.abc import Iterator
from math import sqrt
from random import Random
from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import FIRST_DAY, Diary
from detector.demo.script import Script

FEATURES: Final = ("dashboard", "reports", "orders", "approvals", "export", "planning")
SHARE_OF_FEATURE: Final = (30, 22, 18, 12, 10, 8)
NEWS: Final = ((-150, "forecast"), (-88, "smart-alerts"), (-31, "mobile-approvals"))
"""The releases of the half year: the day, and the feature; customers hear of it two working days later."""

SHARE_OF_ONE: Final = 0.08
"""Of a day's actions, what the champion and the admin do each."""
NOISE: Final = 0.04
"""The spread of a day's usage around the trend, beside the counting noise."""


def use(diary: Diary, customer: Customer, script: Script) -> None:
    """Write every working day's usage."""
    chance = diary.chance("usage")
    begin = max(FIRST_DAY, customer.since + 12)
    people = [customer.person(who) for who in ("champion", "admin", *(f"user-{n + 1}" for n in range(customer.users)))]
    for day in range(begin, 0):
        if not diary.is_workday(day):
            continue
        ramp = min(1.0, (day - begin + 5) / 40) if customer.is_new else 1.0
        trend = 1.0 + customer.growth * (day - FIRST_DAY) / -FIRST_DAY
        mean = customer.actions * ramp * trend * script.level(day) * chance.lognormvariate(0, NOISE)
        actions = round(chance.gauss(mean, sqrt(mean)))
        features, weights = known_features(day)
        every_day = [round(SHARE_OF_ONE * chance.uniform(0.85, 1.15) * actions) for _ in people[:2]]
        sessions = [
            *zip(people, every_day, strict=False),
            *((None, n) for n in parts(chance, actions - sum(every_day))),
        ]
        for who, count in sessions:
            if count <= 0:
                continue
            diary.add(
                "usage.recorded",
                day,
                customer.opens_at * 3600 + chance.randrange(8 * 3600),
                stakeholder_id=who or chance.choice(people[2:]),
                feature=chance.choices(features, weights)[0],
                count=count,
                duration_seconds=count * chance.randint(20, 60),
                value_moment=chance.random() < 0.08,
            )


def known_features(day: int) -> tuple[list[str], list[int]]:
    """The features that people know on a day, with their weights: a new one from a week after its release on."""
    new = [feature for released, feature in NEWS if day >= released + 7]
    return [*FEATURES, *new], [*SHARE_OF_FEATURE, *(6 for _ in new)]


def parts(chance: Random, actions: int) -> Iterator[int]:
    """Split a day's actions into 6 to 11 sessions, each of at least one action."""
    if actions <= 0:
        return
    cuts = sorted(chance.sample(range(1, actions), min(chance.randint(5, 10), actions - 1)))
    for start, end in zip([0, *cuts], [*cuts, actions], strict=True):
        yield end - start
