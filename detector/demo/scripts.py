"""What makes each story of stories.py happen: the departure of one account from the ordinary life."""

from datetime import timedelta
from typing import Final

from detector.demo.accounts import Customer
from detector.demo.diary import Diary
from detector.demo.goals import GoalPlan, Kind, Measure
from detector.demo.script import Script, between

FREIGHT: Final = GoalPlan(
    Kind("freight_cost_cut", "cost", "freight costs saved", 0.0, 20.0, "percent"),
    -175,
    ((90, 5.0), (180, 10.0), (365, 20.0)),
    (Measure(-85, 2.5), Measure(-40, 3.5)),
)
HARVEST: Final = GoalPlan(
    Kind("yield_forecast", "productivity", "fields with a usable forecast", 0.0, 100.0, "percent"),
    -170,
    ((60, 15.0), (120, 30.0), (180, 50.0), (365, 100.0)),
    (Measure(-111, 14.7), Measure(-52, 31.0, "vendor_asserted")),
)
SCRAP: Final = GoalPlan(
    Kind("scrap_rate", "cost", "steel scrapped", 8.0, 4.0, "percent"),
    -170,
    ((60, 7.4), (120, 6.8), (180, 6.0), (365, 4.0)),
    (Measure(-140, 7.68), Measure(-111, 7.38), Measure(-81, 7.09), Measure(-51, 6.78), Measure(-12, 6.68)),
)
FRAUD: Final = GoalPlan(
    Kind("fraud_losses", "risk", "losses to fraud", 40.0, 25.0, "thousand a month"),
    -170,
    ((60, 36.0), (130, 25.0)),
    (Measure(-140, 37.8), Measure(-110, 35.7), Measure(-75, 29.9), Measure(-40, 24.6), Measure(-10, 24.2)),
)
REPORTING: Final = GoalPlan(
    Kind("report_hours", "productivity", "hours spent on reports", 60.0, 30.0, "hours a month"),
    -170,
    ((60, 51.0), (130, 30.0)),
    (Measure(-140, 55.0), Measure(-110, 50.5), Measure(-75, 40.0), Measure(-40, 29.0), Measure(-10, 28.5)),
)


def _seen_by_an_analyst(diary: Diary, customer: Customer) -> None:
    analyst = customer.person("user-1")
    diary.add("goal.acknowledged", -33, "14:00", goal_id="fraud_losses", stakeholder_id=analyst, role="end_user")


def _seen_by_the_sponsor(diary: Diary, customer: Customer) -> None:
    sponsor = customer.person("sponsor")
    diary.add("goal.acknowledged", -31, "14:00", goal_id="report_hours", stakeholder_id=sponsor, role="sponsor")
    diary.add("goal.celebrated", -36, "11:00", goal_id="report_hours", stakeholder_id=sponsor, role="sponsor")


def _sponsor_leaves(diary: Diary, customer: Customer) -> None:
    diary.add("stakeholder.left", -9, "11:20", stakeholder_id=customer.person("sponsor"), role="sponsor")


def _sponsor_is_followed(diary: Diary, customer: Customer) -> None:
    diary.add("stakeholder.left", -60, "16:40", stakeholder_id=customer.person("sponsor"), role="sponsor")
    person = {"stakeholder_id": customer.person("new-sponsor"), "role": "sponsor"}
    diary.add("stakeholder.updated", -57, "15:00", **person, department="management")
    diary.add(
        "touch.logged", -53, "16:00", **person, direction="outbound", kind="meeting", outcome="held", sentiment=0.5
    )


def _outage_untold(diary: Diary, _customer: Customer) -> None:
    diary.add("incident.opened", -1, "21:10", incident_id="INC-2041", severity="critical", feature="dashboard")


def _outage_told(diary: Diary, _customer: Customer) -> None:
    incident = {"incident_id": "INC-2041"}
    diary.add("incident.opened", -1, "21:10", **incident, severity="critical", feature="dashboard")
    for nth, clock in enumerate(("21:18", "21:43", "22:08", "22:33", "22:58", "23:23", "23:48")):
        diary.add("incident.notified", -1, clock, **incident, phase="update" if nth else "first")


def _outage_told_logged_late(diary: Diary, customer: Customer) -> None:
    incident = {"incident_id": "INC-1988"}
    diary.add("incident.opened", -47, "10:30", **incident, severity="major", feature="reports")
    diary.add("incident.notified", -47, "10:41", **incident, phase="first")
    diary.record_later("incident.notified", -47, timedelta(minutes=24))
    diary.add("incident.notified", -47, "11:08", **incident, phase="update")
    diary.add("incident.resolved", -47, "11:30", **incident)
    diary.add("incident.notified", -46, "09:00", **incident, phase="summary")
    champion = {"stakeholder_id": customer.person("champion"), "role": "champion"}
    diary.add("touch.logged", -46, "13:00", **champion, direction="outbound", kind="call", outcome="held")


def _flood(diary: Diary, customer: Customer) -> None:
    asked = ((5, "user-1", "08:40"), (5, "user-1", "13:10"), (4, "user-1", "09:05"), (4, "user-3", "11:15"))
    for number, (ago, who, clock) in enumerate((*asked, (3, "user-3", "10:20"), (2, "user-1", "14:30"))):
        _ticket(diary, customer, diary.workdays_ago(ago), clock, f"flood-{number + 1}", who, "export", "defect")


def _three_questions(diary: Diary, customer: Customer) -> None:
    for number, feature in enumerate(("orders", "planning", "reports")):
        day = diary.workday(-25 + 2 * number)
        _ticket(diary, customer, day, f"1{number}:00", f"q-{number + 1}", f"user-{number + 1}", feature, "question")


def _ticket(
    diary: Diary, customer: Customer, day: int, clock: str, ticket: str, who: str, feature: str, category: str
) -> None:
    head = {"ticket_id": f"{customer.account_id}-{ticket}"}
    asker = customer.person(who)
    diary.add(
        "ticket.created",
        day,
        clock,
        **head,
        feature=feature,
        stakeholder_id=asker,
        priority="normal",
        category=category,
    )
    hour = int(clock[:2])
    diary.add("ticket.replied", day, f"{hour + 1:02d}:00", **head, author="agent")
    diary.add("ticket.resolved", day, f"{hour + 2:02d}:30", **head)


def _uploaded_late(diary: Diary, _customer: Customer) -> None:
    diary.record_later("usage.recorded", diary.workday_before(-52), timedelta(hours=20))


def _goes_dark(diary: Diary, customer: Customer) -> None:
    person = {"stakeholder_id": customer.person("champion"), "role": "champion"}
    last = diary.workday_before(-35)
    diary.add("touch.logged", last, "15:45", **person, direction="inbound", kind="email", sentiment=0.0)
    tries = ((-31, "email", "none"), (-28, "email", "none"), (-24, "call", "no_show"), (-17, "email", "none"))
    for day, kind, outcome in (*tries, (-12, "call", "no_show"), (-6, "email", "none")):
        at = diary.workday_before(day)
        diary.add("touch.logged", at, "10:15", **person, direction="outbound", kind=kind, outcome=outcome)


def _nobody_answers(diary: Diary, customer: Customer) -> None:
    """An urgent ticket is answered after five hours; what they write back then, never."""
    day = diary.workdays_ago(6)
    asker = customer.person("user-2")
    urgent = {"ticket_id": f"{customer.account_id}-urgent"}
    diary.add(
        "ticket.created", day, "09:10", **urgent, feature="orders", stakeholder_id=asker, priority="urgent",
        category="defect",
    )  # fmt: skip
    diary.add("ticket.replied", day, "14:20", **urgent, author="agent")
    diary.add("ticket.replied", day, "15:05", **urgent, author="customer", stakeholder_id=asker)


def _it_spreads(diary: Diary, customer: Customer) -> None:
    """Four unhappy people in three weeks, each sooner after the one before, up to the sponsor."""
    for day, who in ((-20, "user-1"), (-10, "user-2"), (-4, "champion"), (-1, "sponsor")):
        person = {"stakeholder_id": customer.person(who), "role": "end_user" if who.startswith("user") else who}
        diary.add(
            "touch.logged",
            day,
            "17:40",
            **person,
            direction="inbound",
            kind="email",
            sentiment=-0.7,
            tags=["complaint"],
        )


SCRIPTS: Final = {
    "brightwater-logistics": Script(goal=FREIGHT),
    "verdant-farms": Script(goal=HARVEST),
    "ostrava-steel": Script(goal=SCRAP),
    "orchard-payments": Script(goal=FRAUD, happens=_seen_by_an_analyst),
    "juniper-analytics": Script(goal=REPORTING, happens=_seen_by_the_sponsor),
    "halcyon-media": Script(sponsor_until=-9, happens=_sponsor_leaves),
    "meridian-clinics": Script(sponsor_until=-60, successor_from=-50, happens=_sponsor_is_followed),
    "tidewater-energy": Script(happens=_outage_untold),
    "copperfield-retail": Script(happens=_outage_told),
    "larkspur-hotels": Script(happens=_outage_told_logged_late),
    "pinnacle-insurance": Script(tickets_until=-25, happens=_flood),
    "northgate-freight": Script(heard_until=-35, happens=_goes_dark),
    "sable-robotics": Script(level=between(-33, -1, 0.0)),
    "ferrous-metals": Script(level=between(-24, -1, 0.43)),
    "lumen-education": Script(level=between(-75, -45, 0.43)),
    "quillon-travel": Script(level=between(-16, -1, 0.68)),
    "kestrel-airways": Script(happens=_uploaded_late),
    "harbour-foods": Script(tickets_until=-20, happens=_nobody_answers),
    "basalt-construction": Script(happens=_it_spreads),
    "thistle-hr": Script(onboarding_until=-27),
    "redwood-timber": Script(tickets_until=-40, happens=_three_questions),
}
