"""The support desk in ordinary times: a ticket now and then, answered the same day, and what people thought of it."""

from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import FIRST_DAY, Diary
from detector.demo.relationship import sponsor_on
from detector.demo.script import Script
from detector.demo.usage import FEATURES

CATEGORIES: Final = ("question", "question", "question", "request")
PRIORITIES: Final = ("low", "normal", "normal", "normal", "high")
ROUND: Final = 45
"""Days from one round of NPS to the next."""


def ask_for_help(diary: Diary, customer: Customer, script: Script) -> None:
    """Write tickets at least four days apart, so that no feature ever has three in a week, and the surveys."""
    chance = diary.chance("tickets")
    day, number = diary.workday(max(FIRST_DAY, customer.since + 14) + chance.randint(1, 14)), 0
    while day < min(0, script.heard_until, script.tickets_until):
        number += 1
        who = chance.choice(("champion", "admin", *(f"user-{n + 1}" for n in range(customer.users))))
        asker = customer.person(who)
        feature = chance.choice(FEATURES)
        asked = customer.opens_at * 3600 + chance.randrange(5 * 3600)
        answered = asked + chance.randint(12, 55) * 60
        solved = answered + chance.randint(30, 110) * 60
        satisfied = chance.random() < 0.35
        ticket = f"{customer.account_id}-t{number}"
        priority, category = chance.choice(PRIORITIES), "defect" if number == 1 else chance.choice(CATEGORIES)
        head = {"ticket_id": ticket, "feature": feature}
        diary.add("ticket.created", day, asked, **head, stakeholder_id=asker, priority=priority, category=category)
        diary.add("ticket.replied", day, answered, ticket_id=ticket, author="agent")
        if chance.random() < 0.4:
            diary.add("ticket.replied", day, answered + 600, ticket_id=ticket, author="customer", stakeholder_id=asker)
            diary.add("ticket.replied", day, answered + 1500, ticket_id=ticket, author="agent")
        diary.add("ticket.resolved", day, solved, ticket_id=ticket)
        if satisfied:
            rate(
                diary,
                day,
                solved + 1800,
                "csat",
                chance.choice((4, 4, 5, 5, 5)),
                stakeholder_id=asker,
                ticket_id=ticket,
            )
            diary.add("touch.logged", day, solved + 5400, **_thanks(asker))
        day = diary.workday(day + chance.randint(4, 18 if customer.segment == "enterprise" else 26))
    for nominal in range(max(FIRST_DAY, customer.since + 25) + chance.randint(1, 5), 0, ROUND):
        day = diary.workday(nominal)
        if day >= script.heard_until:
            break
        sent = customer.opens_at * 3600 - 1800
        diary.add("touch.logged", day, sent, direction="outbound", kind="survey", automated=True)
        answer = [("champion", "champion"), ("admin", "admin"), *((f"user-{n}", "end_user") for n in (1, 2, 3))]
        if sponsor := sponsor_on(customer, script, day):
            answer.insert(0, (sponsor.rpartition(":")[2], "sponsor"))
        for nth, (who, role) in enumerate(answer):
            at = customer.opens_at * 3600 + nth * 3600 + chance.randrange(3600)
            asked_for = {"stakeholder_id": customer.person(who), "role": role}
            rate(diary, day, at, "nps", chance.choice((7, 8, 9, 9, 10)), **asked_for)
        diary.add("touch.logged", day, "23:00", **_thanks(customer.person("champion")))


def _thanks(who: str) -> dict[str, object]:
    """A word of thanks to somebody who answered, by a person."""
    return {"stakeholder_id": who, "direction": "outbound", "kind": "email", "outcome": "none"}


def rate(diary: Diary, day: int, second: int, survey: str, score: int, **fields: object) -> None:
    """Write an answered survey: CSAT from 1 to 5, NPS from 0 to 10."""
    low, high = (1, 5) if survey == "csat" else (0, 10)
    diary.add("survey.responded", day, second, survey_type=survey, score=score, scale_min=low, scale_max=high, **fields)
