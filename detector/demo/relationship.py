"""Who knows whom: the account's facts and people, and the contact between them and their customer success manager."""

from itertools import pairwise
from typing import Final

from detector.demo.accounts import WEEK, Customer
from detector.demo.commerce import last_renewal
from detector.demo.diary import FIRST_DAY, Diary
from detector.demo.script import NEVER, Script

OWNERS: Final = ("csm-ada", "csm-ben", "csm-cleo", "csm-dev")
TOPICS: Final = ("newsletter", "webinar", "tips")
KNOWN_USERS: Final = 5
"""Of those who use the product, how many are known by name."""
MEETS: Final = 24
"""Days from one call with the sponsor to the next."""


def introduce(diary: Diary, customer: Customer) -> None:
    """Write what is known of the account and its people when the history begins, or when a new customer comes."""
    day = max(FIRST_DAY, customer.since)
    owner = OWNERS[sum(customer.account_id.encode()) % len(OWNERS)]
    diary.add(
        "account.updated",
        day,
        "06:00",
        name=customer.name,
        segment=customer.segment,
        stage="onboarding" if customer.is_new else "value",
        touch_model=customer.touch_model,
        arr_minor=customer.arr * 100,
        currency="EUR",
        contract_start=diary.date(customer.since),
        renewal_date=diary.date(last_renewal(customer) or customer.renewal_in),
        owner_id=owner,
        time_zone=customer.zone,
        working_days=[WEEK[number] for number in sorted(customer.weekdays)],
    )
    diary.add("owner.introduced", day, "07:00", owner_id=owner)
    people = [("sponsor", "sponsor", "management"), ("champion", "champion", "operations"), ("admin", "admin", "it")]
    people += [
        (f"user-{n + 1}", "end_user", "operations" if n % 2 else "finance")
        for n in range(min(KNOWN_USERS, customer.users))
    ]
    for who, role, department in people:
        diary.add(
            "stakeholder.updated", day, "06:05", stakeholder_id=customer.person(who), role=role, department=department
        )
    diary.add("seats.changed", day, "06:10", purchased=round(1.2 * (customer.users + 2)))
    if customer.holidays is not None:
        first, last = customer.holidays
        holidays = [diary.date(day) for day in range(first, last + 1)]
        diary.add("account.updated", diary.workday(first - 40), "09:30", holidays=holidays)


def talk(diary: Diary, customer: Customer, script: Script) -> None:
    """Write the weekly back and forth with those who use the product, in turn, while they answer."""
    chance = diary.chance("contact")
    people = ("champion", "user-1", "admin", "champion", "user-2")
    day, turn = diary.workday(max(FIRST_DAY, customer.since) + chance.randint(1, 4)), chance.randrange(len(people))
    while day < 0:
        answered = day < script.heard_until
        if not answered and script.heard_until != NEVER:
            break
        who, turn = people[turn % len(people)], turn + 1
        person = {"stakeholder_id": customer.person(who), "role": "end_user" if who.startswith("user") else who}
        at = customer.opens_at * 3600 + chance.randrange(6 * 3600)
        if chance.random() < 0.95:
            diary.add("touch.logged", day, at, **person, direction="outbound", kind="email", outcome="replied")
        diary.add(
            "touch.logged",
            day,
            at + 3600,
            **person,
            direction="inbound",
            kind=chance.choice(("email", "email", "call")),
            sentiment=round(chance.uniform(0.0, 0.6), 1),
        )
        if chance.random() < 0.15:
            diary.add("question.asked", day, at + 1800, **person)
        day = diary.workday(day + chance.randint(3, 7))


def meet(diary: Diary, customer: Customer, script: Script) -> None:
    """Write the call with the sponsor every 24 days, proof of value, the reviews and the owner's own pulse."""
    chance = diary.chance("meetings")
    nominal = range(max(FIRST_DAY, customer.since) + chance.randint(10, 20), MEETS, MEETS)
    for nth, (on, then) in enumerate(pairwise(nominal)):
        day, following = diary.workday(on), diary.workday(then)
        diary.add("pulse.recorded", on, customer.opens_at * 3600 + 7200, rating=chance.randint(68, 90))
        if chance.random() < 0.5:
            diary.add("content.sent", day, customer.opens_at * 3600 + 7800, topic=TOPICS[nth % len(TOPICS)])
        at = customer.opens_at * 3600 + chance.randrange(6) * 3600
        due = diary.date(following) + f"T{at // 3600:02d}:00:00Z"
        diary.add("touch.planned", day, at + 600, due_at=due)
        if day >= script.heard_until:
            continue
        sponsor = sponsor_on(customer, script, day)
        if sponsor is not None:
            person = {"stakeholder_id": sponsor, "role": "sponsor"}
            kind = "review" if nth % 3 == 2 else "meeting"
            mood = round(chance.uniform(0.2, 0.7), 1)
            diary.add(
                "touch.logged", day, at, **person, direction="outbound", kind=kind, outcome="held", sentiment=mood
            )
            if kind == "review":
                _review(diary, day, at, f"{customer.account_id}-qbr-{nth // 3 + 1}")
            diary.add("value.delivered", day, at + 1800, **person)
        champion = {"stakeholder_id": customer.person("champion"), "role": "champion"}
        diary.add("value.delivered", day, at + 2400, **champion)
        for role in ("admin", "end_user"):
            diary.add("value.delivered", day, at + 3000, role=role)


def sponsor_on(customer: Customer, script: Script, day: int) -> str | None:
    """The id of the sponsor on a day; None while there is none."""
    if day < script.sponsor_until:
        return customer.person("sponsor")
    return customer.person("new-sponsor") if day >= script.successor_from else None


def _review(diary: Diary, day: int, at: int, review: str) -> None:
    diary.add("review.held", day, at + 3600, review_id=review)
    diary.add("goal.reviewed", day, at + 3700)
    for number in (1, 2):
        action = f"{review}-a{number}"
        due = diary.date(day + 21) + "T12:00:00Z"
        diary.add("action.opened", day, at + 3800, action_id=action, review_id=review, due_at=due)
        diary.add("action.done", diary.workday(day + 9 * number), at, action_id=action)
