"""How the product is used: demand with weekdays, growth, noise and holidays, shared among those who are not away."""

from collections.abc import Iterator
from math import exp, sqrt
from random import Random
from typing import Final

from harness.healthy.book import Book
from harness.healthy.customers import Person

FEATURES: Final = ("dashboard", "reports", "orders", "approvals", "planning", "export")
WEIGHTS: Final = (30, 22, 18, 12, 10, 8)
WEEKDAY: Final = (1.05, 1.08, 1.05, 1.0, 0.82, 0.9, 0.9)
"""A working day's part of the mean, Monday first: Fridays are short."""

RELEASES: Final = tuple((day, f"news-{number + 1}") for number, day in enumerate(range(21, 800, 55)))
"""The day of each release, and the feature that it brings."""

TELLING: Final = 1
"""Working days from a release until the customer is told of it."""


def use(book: Book) -> None:
    """Write every working day's usage, a session a person and day, and what goes with it."""
    chance = book.chance("usage")
    customer = book.customer
    away = {person.who: set(_leave(book, person)) for person in customer.people}
    begin = book.first + (14 if customer.is_new else 0)
    wander = 0.0
    for day in range(begin, book.days):
        if not book.is_workday(day):
            continue
        wander = 0.92 * wander + chance.gauss(0, 0.015)
        present = [person for person in customer.people if day not in away[person.who]]
        share = sum(person.weight for person in present) / sum(person.weight for person in customer.people)
        ramp = min(1.0, (day - begin + 4) / 30) if customer.is_new else 1.0
        season = 1.0 - 0.06 * exp(-(((day - 220) / 18) ** 2))  # the summer is a little quieter
        mean = (
            customer.actions * (1 + customer.growth * day / 365) * WEEKDAY[book.date_of(day).weekday()] * season * ramp
        )
        mean *= (0.75 + 0.25 * share) * exp(wander)  # colleagues take over most of the work
        mean *= chance.gammavariate(1 / customer.noise**2, customer.noise**2)
        features, weights = _known(book, day)
        total = sum(person.weight for person in present)
        for person in present:
            count = poisson(chance, mean * person.weight / total)
            if count:
                book.add(
                    "usage.recorded",
                    day,
                    9 + 8 * chance.random(),
                    stakeholder_id=person.who,
                    feature=chance.choices(features, weights)[0],
                    count=count,
                    value_moment=chance.random() < 0.08,
                )
    _try_news(book, begin)
    _export(book)
    _meter(book)
    _look_around(book)


def poisson(chance: Random, mean: float) -> int:
    """A count with this mean."""
    if mean > 30:
        return max(0, round(chance.gauss(mean, sqrt(mean))))
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count


def _leave(book: Book, person: Person) -> Iterator[int]:
    """A week and a fortnight off, somewhere in the year."""
    chance = book.chance(f"leave/{person.who}")
    for length in (7, 14):
        first = chance.randrange(365)
        yield from range(first, first + length)


def _known(book: Book, day: int) -> tuple[list[str], list[int]]:
    """The features in use on a day, with their weights: a new one from a week after its release was told."""
    new = [feature for released, feature in RELEASES if book.first < released and day >= released + 14]
    return [*FEATURES, *new], [*WEIGHTS, *(6 for _ in new)]


def _try_news(book: Book, begin: int) -> None:
    """Somebody reads about each release, and tries it, in the days after it was told."""
    chance = book.chance("news")
    for released, feature in RELEASES:
        if book.first < released < book.days:
            told = book.workday(released, TELLING)
            who = book.told_by("champion")
            book.add("docs.viewed", book.workday(told, 1), 11, **who, feature=feature)
            if told >= begin:
                book.add("usage.recorded", book.workday(told, 1 + chance.randrange(5)), 14, **who, feature=feature)


def _export(book: Book) -> None:
    """A weekly or a month's end report, of about the same length each time."""
    chance, rhythm = book.chance("export"), book.customer.exports
    usual = chance.choice((300, 1_200, 5_000, 20_000))
    for day in range(book.first + 40, book.days):
        due = book.date_of(day).weekday() == 2 if rhythm == "weekly" else book.date_of(day).day == 28
        if rhythm != "never" and due:
            rows = round(usual * chance.lognormvariate(0, 0.15))
            book.add("data.exported", book.workday(day), 16, **book.told_by("admin"), rows=rows)


def _meter(book: Book) -> None:
    """Machines call every day; where a feed of active people exists, it comes weekly."""
    chance = book.chance("meter")
    usual = chance.lognormvariate(7, 1)
    for day in range(book.first + 30, book.days):
        weekend = 1.0 if book.is_workday(day) else 0.6
        quantity = usual * weekend * (1 + book.customer.growth * day / 365) * chance.lognormvariate(0, 0.08)
        book.add("usage.metered", day, 23, meter="api-calls", quantity=round(quantity, 1))
        if book.customer.feed and book.date_of(day).weekday() == 0:
            people = len(book.customer.people)
            book.add("usage.active_users", day, 1, active_users=people, period_days=28)


def _look_around(book: Book) -> None:
    """Now and then somebody reads the documentation, or the page with the prices."""
    chance = book.chance("docs")
    for day in range(book.first + 20, book.days):
        if book.is_workday(day) and chance.random() < 0.06:
            person = chance.choice(book.customer.people)
            book.add("docs.viewed", day, 10, stakeholder_id=person.who, feature=chance.choice(FEATURES))
        if book.is_workday(day) and chance.random() < 1 / 200:
            book.add("pricing.viewed", day, 15, **book.told_by("admin"))
