"""Who the healthy accounts are: their people, calendars, size and habits, drawn from the seed."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

START: Final = date(2026, 1, 5)
"""A Monday: the first day of every history."""

OFFICE: Final = (0, 1, 2, 3, 4)
GULF: Final = (6, 0, 1, 2, 3)
WINTER_BREAK: Final = ("12-24", "12-28", "12-29", "12-30", "12-31")
MANAGERS: Final = ("csm-ada", "csm-ben", "csm-cleo", "csm-dev")
DEPARTMENTS: Final = ("operations", "finance", "sales", "logistics")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account works: IANA zone, hours ahead of UTC in winter, working days, holidays as MM-DD of any year."""

    zone: str
    ahead: int
    weekdays: tuple[int, ...]
    holidays: tuple[str, ...]


_GERMAN: Final = ("01-01", "01-06", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26")
_AMERICAN: Final = ("01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "11-26", "11-27", "12-25")
_BRITISH: Final = ("01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28")
_GULF: Final = ("01-01", "03-19", "03-22", "05-26", "05-27", "05-28", "06-16", "08-25", "12-02", "12-03")
PLACES: Final = (
    Place("Europe/Berlin", 1, OFFICE, _GERMAN),
    Place("Europe/Berlin", 1, OFFICE, _GERMAN),
    Place("Europe/London", 0, OFFICE, _BRITISH),
    Place("America/New_York", -5, OFFICE, _AMERICAN),
    Place("America/New_York", -5, OFFICE, _AMERICAN),
    Place("America/Los_Angeles", -8, OFFICE, _AMERICAN),
    Place("Asia/Dubai", 4, GULF, _GULF),
    Place("Australia/Perth", 8, OFFICE, ("01-01", "01-26", "03-02", "04-03", "04-06", "04-27", "06-01", "12-25")),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A stakeholder; `weight` is their part of the work, relative to the others'."""

    who: str
    role: str
    department: str
    weight: float


@dataclass(frozen=True, slots=True)
class Customer:
    """One account. `actions` is a working day's usage at the start, `growth` its relative growth in a year.

    `noise` is the coefficient of variation of a day around its mean, beside the counting noise; `tickets` are tickets a
    week. `since` counts days from the start of the history, and is positive for a new customer, who is onboarded.
    """

    account_id: str
    touch_model: str
    place: Place
    winter_break: bool
    people: tuple[Person, ...]
    actions: float
    growth: float
    noise: float
    tickets: float
    since: int
    arr: int
    owner: str
    exports: str
    feed: bool

    @property
    def is_new(self) -> bool:
        """Whether the customer comes within the history."""
        return self.since > 0

    @property
    def roles(self) -> tuple[str, ...]:
        """The named roles, each once, in the order of the people."""
        return tuple(dict.fromkeys(person.role for person in self.people))

    def one_of(self, role: str) -> Person:
        """The first person of a role."""
        return next(person for person in self.people if person.role == role)


def customer(number: int, seed: int, days: int) -> Customer:
    """The account of this number in a fleet; one in seven is new and comes in the first half of the `days`."""
    chance = Random(f"{seed}/{number}")
    account_id = f"healthy-{number:03d}"
    touch_model = chance.choices(("high", "mid", "tech"), (3, 5, 4))[0]
    users = {"high": 12, "mid": 9, "tech": 6}[touch_model] + chance.randint(0, 8)
    named = [("sponsor", "management", 0.15), ("champion", "operations", 1.6), ("admin", "it", 1.0)]
    if touch_model == "high" or chance.random() < 0.3:
        named.append(("executive", "management", 0.1))
    people = [Person(f"{account_id}:{role}", role, department, weight) for role, department, weight in named]
    people += [
        Person(f"{account_id}:user-{n + 1}", "end_user", chance.choice(DEPARTMENTS), chance.uniform(0.5, 1.5))
        for n in range(users)
    ]
    return Customer(
        account_id=account_id,
        touch_model=touch_model,
        place=chance.choice(PLACES),
        winter_break=chance.random() < 0.6,
        people=tuple(people),
        actions=len(people) * chance.lognormvariate(2.5, 0.5),
        growth=chance.uniform(0.0, 0.35),
        noise=chance.uniform(0.06, 0.18),
        tickets=chance.uniform(0.1, 0.6),
        since=chance.randint(10, max(11, days // 2)) if chance.random() < 1 / 7 else -chance.randint(60, 900),
        arr=chance.randint(2, 40) * 10_000,
        owner=chance.choice(MANAGERS),
        exports=chance.choices(("weekly", "monthly", "never"), (3, 2, 5))[0],
        feed=chance.random() < 0.4,
    )
