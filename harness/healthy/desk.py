"""The support desk: a ticket now and then, answered in time; surveys; an outage that the customer is told of."""

from typing import Final

from harness.healthy.book import Book
from harness.healthy.work import FEATURES

CATEGORIES: Final = ("question", "request", "defect", "complaint")
OFTEN: Final = (62, 24, 13, 1)
PRIORITIES: Final = ("low", "normal", "high", "urgent")
URGENCY: Final = (30, 55, 13, 2)
ANSWERED_WITHIN: Final = {"low": 4.0, "normal": 3.0, "high": 1.5, "urgent": 0.4}
"""Hours."""

WAVE: Final = 70
"""Days between two surveys of everybody."""


def help_out(book: Book) -> None:
    """Write the tickets: asked in the morning or at noon, answered within hours, mostly solved the same day."""
    chance = book.chance("tickets")
    users = [person for person in book.customer.people if person.role in ("end_user", "admin")]
    for day in range(book.first + 10, book.days):
        if not book.is_workday(day) or chance.random() > book.customer.tickets / 5:
            continue
        asker, priority = chance.choice(users), chance.choices(PRIORITIES, URGENCY)[0]
        ticket = {"ticket_id": f"{book.customer.account_id}-t{day}"}
        asked = chance.uniform(9, 12.5)
        answered = asked + ANSWERED_WITHIN[priority] * chance.uniform(0.1, 0.8)
        book.add(
            "ticket.created",
            day,
            asked,
            **ticket,
            stakeholder_id=asker.who,
            priority=priority,
            category=chance.choices(CATEGORIES, OFTEN)[0],
            feature=chance.choice(FEATURES),
        )
        book.add("ticket.replied", day, answered, **ticket, author="agent", canned=chance.random() < 0.1)
        if chance.random() < 0.4:
            said = answered + chance.uniform(0.1, 1)
            book.add("ticket.replied", day, said, **ticket, author="customer", stakeholder_id=asker.who)
            answered = said + chance.uniform(0.1, 1)
            book.add("ticket.replied", day, answered, **ticket, author="agent")
        solved = day if chance.random() < 0.9 else book.workday(day, 2)
        book.add("ticket.resolved", solved, answered + 1, **ticket)
        if chance.random() < 0.03:
            book.add("ticket.reopened", book.workday(solved, 1), 9.5, **ticket)
            book.add("ticket.replied", book.workday(solved, 1), 10.5, **ticket, author="agent")
            book.add("ticket.resolved", book.workday(solved, 1), 12, **ticket)
        elif chance.random() < 0.5:
            score = chance.choices((2, 3, 4, 5), (1, 9, 40, 50))[0]
            book.add(
                "survey.responded",
                solved,
                answered + 2,
                **ticket,
                stakeholder_id=asker.who,
                survey_type="csat",
                score=score,
                scale_min=1,
                scale_max=5,
            )
            if score == 2:
                _call_back(book, solved, asker.who)


def _call_back(book: Book, day: int, who: str) -> None:
    """Somebody who was not content is called on the next working day."""
    book.add(
        "touch.logged",
        book.workday(day + 1),
        10,
        stakeholder_id=who,
        direction="outbound",
        kind="call",
        outcome="held",
        sentiment=0.2,
    )


def ask_everybody(book: Book) -> None:
    """Write the quarterly survey: most people answer, hardly anybody is unhappy, and who is, is called."""
    chance = book.chance("surveys")
    for begin in range(book.first + chance.randint(30, 70), book.days, WAVE):
        day = book.workday(begin)
        book.add("touch.logged", day, 8, direction="outbound", kind="survey", automated=True)
        for person in book.customer.people:
            if chance.random() > (0.65 if person.role == "end_user" else 1.0):
                continue
            score = chance.choices((6, 7, 8, 9, 10), (1, 12, 27, 35, 25))[0]
            answered = book.workday(day + chance.randint(0, 6))
            book.add(
                "survey.responded",
                answered,
                chance.uniform(9, 17),
                stakeholder_id=person.who,
                role=person.role,
                survey_type="nps",
                score=score,
                scale_min=0,
                scale_max=10,
            )
            if score == 6:
                _call_back(book, answered, person.who)


def outages(book: Book) -> None:
    """Write a few incidents: told within minutes, word every 25 minutes, a summary on the next working day."""
    chance = book.chance("incidents")
    for number in range(3):
        day, hour = chance.randrange(365), chance.uniform(0, 20)
        incident = {"incident_id": f"{book.customer.account_id}-inc{number}"}
        minutes = chance.uniform(40, 150)
        book.add("incident.opened", day, hour, **incident, severity=chance.choice(("minor", "major")))
        told = chance.uniform(3, 20)
        phase = "first"
        while told < minutes:
            book.add("incident.notified", day, hour + told / 60, **incident, phase=phase)
            told, phase = told + chance.uniform(15, 27), "update"
        book.add("incident.resolved", day, hour + minutes / 60, **incident)
        book.add("incident.notified", book.workday(day + 1), 11, **incident, phase="summary")
