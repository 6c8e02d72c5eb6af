"""How the vendor looks after the account, and how the customer answers: touches both ways, reviews, pulses, value."""

from random import Random
from typing import Final

from harness.healthy.book import Book
from harness.healthy.customers import MANAGERS, Person

EVERY: Final = {"high": 4, "mid": 6, "tech": 9}
"""Working days between two messages of the account's owner."""

SHOWN_EVERY: Final = {"high": 21, "mid": 40, "tech": 60}
"""Days between two proofs of value."""

ANSWERED: Final = 0.85
CALL_EVERY: Final = 28
EXECUTIVE_EVERY: Final = 42
NEWSLETTER_EVERY: Final = 14


def keep_in_touch(book: Book) -> None:
    """Write the talk with those who use the product, each way, and the newsletter."""
    chance = book.chance("contact")
    people = [person for person in book.customer.people if person.role in ("champion", "admin", "end_user")]
    day = book.workday(book.first + 2)
    while day < book.days:
        person = chance.choices(people, [person.weight for person in people])[0]
        hour = chance.uniform(9, 14)
        answered = chance.random() < ANSWERED
        outcome = ("replied" if answered else "none") if chance.random() > 0.03 else "rescheduled"
        _touch(book, day, hour, person, direction="outbound", kind="email", outcome=outcome)
        if answered:
            _hear(book, chance, book.workday(day + chance.randint(0, 2)), hour + 2, person)
        if chance.random() < 0.08:
            book.add("question.asked", day, hour + 0.5, stakeholder_id=person.who, role=person.role)
            _hear(book, chance, book.workday(day, chance.randint(1, 3)), hour, person)
        day = book.workday(day, max(1, EVERY[book.customer.touch_model] + chance.randint(-2, 2)))
    for day in range(book.first + 5, book.days):
        if book.is_workday(day) and chance.random() < 0.1:
            _hear(book, chance, day, 13, chance.choice(people))
    for begin in range(book.first + chance.randint(3, 16), book.days, NEWSLETTER_EVERY):
        book.add("touch.logged", book.workday(begin), 7, direction="outbound", kind="email", automated=True)
        if chance.random() < 0.5:
            book.add("content.sent", book.workday(begin), 7.5, topic="tips")


def _touch(book: Book, day: int, hour: float, person: Person, **fields: object) -> None:
    book.add("touch.logged", day, hour, stakeholder_id=person.who, role=person.role, **fields)


def _hear(book: Book, chance: Random, day: int, hour: float, person: Person) -> None:
    """A friendly message of the customer."""
    mood, kind = round(chance.uniform(-0.1, 0.7), 1), chance.choice(("email", "email", "call"))
    _touch(book, day, hour, person, direction="inbound", kind=kind, sentiment=mood)


def meet_the_leaders(book: Book) -> None:
    """Write the calls with the sponsor and the executive; the next one is always planned."""
    for role, every in (("sponsor", CALL_EVERY), ("executive", EXECUTIVE_EVERY)):
        if role not in book.customer.roles:
            continue
        chance, person = book.chance(f"calls/{role}"), book.customer.one_of(role)
        for begin in range(book.first + chance.randint(6, 20), book.days, every):
            day, hour = book.workday(begin), chance.uniform(9, 16)
            mood = round(chance.uniform(0.1, 0.7), 1)
            _touch(book, day, hour, person, direction="outbound", kind="meeting", outcome="held", sentiment=mood)
            due = book.at(book.workday(begin + every), 10)
            book.add("touch.planned", day, hour + 1, stakeholder_id=person.who, role=role, due_at=due)
            if chance.random() < 0.75:
                _hear(book, chance, book.workday(day + 1), 12, person)


def show_value(book: Book) -> None:
    """Write the proofs of value, each shown to somebody of every role."""
    chance = book.chance("value")
    every = SHOWN_EVERY[book.customer.touch_model]
    for begin in range(book.first + chance.randint(8, every - 4), book.days, every):
        for role in book.customer.roles:
            book.add("value.delivered", book.workday(begin), 14, **book.told_by(role))


def judge(book: Book) -> None:
    """Write the owner's pulses and assessments, the quarterly reviews and their actions."""
    chance = book.chance("pulse")
    account = book.customer.account_id
    for begin in range(book.first + chance.randint(3, 20), book.days, 18):
        book.add("pulse.recorded", book.workday(begin), 16, rating=chance.randint(68, 92))
    for nth, begin in enumerate(range(book.first + chance.randint(30, 80), book.days, 84)):
        day = book.workday(begin)
        if chance.random() < 0.5:
            book.add("assessment.recorded", day, 17, verdict="healthy", reason="steady use")
        if book.customer.touch_model == "tech":
            continue
        review = f"{account}-review-{nth}"
        book.add("review.held", day, 11, review_id=review, **book.told_by("sponsor"))
        book.add("goal.reviewed", day, 11.5, **book.told_by("sponsor"))
        for number in (1, 2):
            action = {"action_id": f"{review}-a{number}"}
            due = book.at(day + 21, 12)
            book.add("action.opened", book.workday(day, number), 10, **action, review_id=review, due_at=due)
            book.add("action.done", book.workday(day + 9 * number), 15, **action)


def change_owner(book: Book) -> None:
    """In one account of five the owner changes once, and is introduced within a week."""
    chance = book.chance("owner")
    if chance.random() < 0.2:
        day = book.workday(book.first + chance.randint(60, 300))
        owner = {"owner_id": next(name for name in MANAGERS if name != book.customer.owner)}
        book.add("owner.assigned", day, 9, **owner)
        book.add("owner.introduced", book.workday(day, chance.randint(1, 5)), 10, **owner)
