"""Threshold: counts against bounds and a usual week; and the departure of a person, which is enough at once."""

from random import Random
from typing import Any

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import Duration
from detector.domain.events import AccountUpdated, StakeholderLeft, StakeholderUpdated, TicketCreated, TouchLogged
from detector.domain.matchers import Matcher
from detector.domain.measures import Count, Log
from detector.domain.operators.threshold import Departure, Threshold, UsualWeek
from detector.domain.verdict import GRACE_MS
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Row, Story, World, log_of, only, with_rule

NEW = AccountUpdated  # an account's first event, long before: support is graver during its first 30 days


def ticket(story: Story, at: int, feature: str | None = "export", **fields: Any) -> Story:
    number = len(story.rows)
    story(
        at,
        TicketCreated,
        **{"ticket_id": f"t{number}", "priority": "low", "category": "question", "feature": feature, **fields},
    )
    return story


def old() -> Story:
    return Story()(0, NEW, segment="smb")


def test_a_flood_needs_three_tickets_half_of_all_and_three_usual_weeks() -> None:
    cases: dict[str, tuple[list[int], list[int], list[float], bool]] = {
        "three of three": ([40, 41, 42], [], [], True),
        "two": ([40, 41], [], [], False),
        "three of seven": ([40, 41, 42], [40, 41, 41, 42], [], False),
        "three of six": ([40, 41, 42], [40, 41, 41], [], True),
        "three where one a week is usual": ([40, 41, 42], [], [n * 7 + 1 for n in range(-3, 5)], True),
        "two a week are usual": ([40, 41, 42], [], [n * 3.5 for n in range(1, 10)], False),
    }
    for name, (days, others, before, opens) in cases.items():
        story = Story()(-60 * DAY, NEW, segment="smb")
        for day in before:
            ticket(story, int(day * DAY))
        for day in others:
            ticket(story, day * DAY, "search")
        for day in days:
            ticket(story, day * DAY + HOUR)
        said = story.world(until=43 * DAY).said("support.flood")
        assert bool([row for row in said if row[3] == "export"]) is opens, name


def test_a_ticket_dated_ahead_of_its_record_counts_when_its_time_has_come() -> None:
    story = ticket(ticket(old(), 40 * DAY), 40 * DAY + HOUR)
    ticket(story, 40 * DAY + 2 * HOUR + 4 * MINUTE, late=-4 * MINUTE)
    said = story.world(until=41 * DAY).said("support.flood")
    assert said == [("2026-02-14T02:04:00.000Z", "opened", "warn", "export")]


def test_a_ticket_that_was_reported_late_may_prove_that_it_was_no_flood() -> None:
    story = old()
    for hour in range(3):
        ticket(story, 40 * DAY + hour * HOUR)
    for hour in range(3):
        ticket(story, 39 * DAY + hour * HOUR, "search")
    ticket(story, 38 * DAY, "import", late=3 * DAY)  # the seventh: three of seven are no half
    world = story.world(until=42 * DAY)
    assert [(a.transition, a.resolution) for a in world.alerts if a.subject.id == "export"] == [
        ("opened", None),
        ("resolved", "superseded"),
    ]


def test_a_late_ticket_that_changes_nothing_leaves_a_flood_as_it_is() -> None:
    story = old()
    for hour in range(3):
        ticket(story, 40 * DAY + hour * HOUR)
    ticket(story, 39 * DAY, "search", late=2 * DAY)
    ticket(story, 39 * DAY, "search", late=8 * DAY)  # the window is over: it recovers, and did hold
    said = [row[1] for row in story.world(until=48 * DAY).said("support.flood")]
    assert said == ["opened", "recovering"]


def test_of_an_account_with_very_many_tickets_no_usual_week_is_known_and_nothing_is_said() -> None:
    """128 tickets are kept: where they do not reach back two weeks, three times a usual week cannot be told."""
    story = old()
    for number in range(1_200):
        ticket(story, 30 * DAY + number * 20 * MINUTE, late=0)
    world = story.world(plan=only("support.flood"))
    floods = [said for said in world.said("support.flood") if said[0] > "2026-02-08"]  # once the log is full
    assert floods == []
    world.partition.run_to(world.partition.clock + 2 * DAY)
    world.collect()
    assert "support.flood" in world.health[-1].not_warm


def test_a_usual_week_is_of_those_that_are_still_known() -> None:
    story = Story()(-60 * DAY, NEW, segment="smb")
    for number in range(300):  # ten a day for thirty days: 128 tickets reach back 12 days
        ticket(story, 10 * DAY + number * DAY // 10)
    world = story.world(until=45 * DAY)
    assert [said for said in world.said("support.flood") if said[0] > "2026-01-30" and said[1] == "opened"] == []


def test_a_share_that_rises_by_time_alone_is_seen_when_it_does() -> None:
    """Rules.md 5: the tickets on other features leave the window, and three of seven are three of three."""
    story = old()
    for hour in range(4):
        ticket(story, 40 * DAY + hour * HOUR, f"other {hour}")
    for hour in range(3):
        ticket(story, 44 * DAY + hour * HOUR)
    said = story.world(until=60 * DAY, plan=only("support.flood")).said()
    assert said[0] == ("2026-02-21T00:00:00.000Z", "opened", "warn", "export")  # 3 of 6, as the first is a week old


def test_a_usual_week_that_shrinks_by_time_alone_is_seen_when_it_does() -> None:
    story = Story()(-60 * DAY, NEW, segment="smb")
    for number in range(9):  # nine in eight weeks: three in one are less than three times as many
        ticket(story, (6 * number - 16) * DAY)
    for hour in range(3):
        ticket(story, 46 * DAY + hour * HOUR)
    world = story.world(until=47 * DAY - HOUR, plan=only("support.flood"))
    assert world.said() == []
    world.partition.run_to(T0 + 48 * DAY)
    world.collect()
    assert world.said()[0] == ("2026-02-21T00:00:00.000Z", "opened", "warn", "export")  # 63 days after the first


def test_of_a_full_log_the_usual_week_shrinks_all_the_time_and_is_seen_when_it_has() -> None:
    """128 tickets are kept: their mean is over ever more days, until six are three times as many."""
    story = Story()(-60 * DAY, NEW, segment="smb")
    for number in range(300):
        ticket(story, number * HOUR, "search" if number % 30 else "export")
    for hour in range(6):
        ticket(story, 26 * DAY + hour * HOUR)
    alert = story.world(until=30 * DAY, plan=only("support.flood")).of("support.flood")[-1]
    assert (alert.subject.id, alert.transition, alert.detected_at) == ("export", "opened", "2026-02-02T10:00:00.000Z")
    assert (alert.evidence[0].observed, alert.evidence[0].expected) == (6, 2.0)


def test_until_a_usual_week_is_known_it_is_waited_for() -> None:
    week = UsualWeek("usual", Count("n", Log("n", Matcher("n", {}), (), 2), 7 * DAY), 8)
    account = Account("default", "acme", "default/acme", hot.new(), None)
    account.record.logs["n"] = [[T0, b""], [T0 + HOUR, b""]]
    assert week.mean(account, T0 + DAY, None) is None
    assert week.next_fall(account, T0 + DAY, None, 1, [3.0]) == T0 - 1 + 7 * DAY
    assert week.next_fall(account, T0 + 8 * DAY, None, 0, [3.0]) == T0 + 56 * DAY
    assert week.next_fall(account, T0 + 57 * DAY, None, 0, [3.0]) is None


def test_the_order_of_tickets_of_one_moment_makes_no_difference_to_a_flood() -> None:
    """A share that is reached for a moment counts, in whatever order the topics are read."""
    plan, opened = only("support.flood"), 0
    for seed in range(60):
        random, at, rows = Random(seed), T0 + 40 * DAY, list[Row]()
        for number in range(random.randrange(4, 10)):
            at += random.choice((0, 1, 1000, 5_000))
            who, what = random.choice(("p", "q", None)), random.choice(("a", "a", "a", "b", None))
            event = TicketCreated(
                event_id=f"e{number}", account_id="acme", occurred_at=at, ticket_id=f"t{number}", priority="low",
                category="question", feature=what, stakeholder_id=who,
            )  # fmt: skip
            rows.append((at, random.choice(("crm", "support", "usage")), event))
        delay = {topic: random.randrange(GRACE_MS) for topic in ("crm", "support", "usage")}
        moved = sorted(((at + delay[topic], topic, event) for at, topic, event in rows), key=lambda row: row[0])
        one, two = (World(log_of([FIRST, *some]), plan).play(at + DAY) for some in (rows, moved))
        assert one.open() == two.open(), seed
        opened += bool(one.open())
    assert opened > 20


FIRST: Row = (T0, "crm", NEW(event_id="first", account_id="acme", occurred_at=T0, segment="smb"))


def test_without_a_feature_a_ticket_counts_for_the_whole_only() -> None:
    story = old()
    for hour in range(3):
        ticket(story, 40 * DAY + hour * HOUR, None)
    assert story.world(until=42 * DAY).said("support.flood") == []


def test_a_threshold_of_the_account_itself_has_one_subject() -> None:
    rule = next(rule for rule in PLAN.rules if rule.id == "support.flood")
    flood = rule.operator
    assert isinstance(flood, Threshold)
    assert isinstance(flood.measure, Count)
    whole = msgspec.structs.replace(
        flood, measure=msgspec.structs.replace(flood.measure, per=None), usual=None, kind=None, ways=flood.ways[:1],
        steps=(msgspec.structs.replace(flood.steps[0], times_usual=None, share=None),),
    )  # fmt: skip
    changed = msgspec.structs.replace(rule, operator=whole, explain="{observed} tickets on {subject}")
    plan = with_rule(changed)
    story = old()
    for hour, feature in enumerate(("export", "search", None)):
        ticket(story, 40 * DAY + hour * HOUR, feature)
    world = story.world(until=41 * DAY, plan=plan)
    assert world.said("support.flood") == [("2026-02-14T02:00:00.000Z", "opened", "warn", None)]
    assert "3 tickets on the account" in world.alerts[-1].explanation
    assert {kept.name for kept in whole.measures if hasattr(kept, "name")} == {"ticket.created"}


# -- departures ---------------------------------------------------------------------------------------------------


def person(story: Story, at: int, who: str, role: str = "sponsor", **fields: Any) -> Story:
    story(at, StakeholderUpdated, stakeholder_id=who, role=role, **fields)
    return story


def talk(story: Story, at: int, who: str | None, **fields: Any) -> Story:
    story(at, TouchLogged, direction="inbound", kind="call", stakeholder_id=who, **fields)
    return story


def left(*, back: int | None = None) -> Story:
    story = person(person(Story(), 0, "s1"), 0, "s2", "champion")
    story(DAY, StakeholderLeft, stakeholder_id="s1")
    if back is not None:
        person(story, back, "s1", active=True)
    return story


def told(story: Story) -> list[tuple[str, str]]:
    world = story.world(until=30 * DAY)
    return [(a.transition, a.explanation) for a in world.alerts if a.rule_id == "sponsor.left"]


def test_a_talk_with_somebody_who_is_named_to_the_role_later_counts() -> None:
    story = talk(left(), 2 * DAY, "s2")
    person(story, 3 * DAY, "s2", "sponsor")
    assert [row[0] for row in story.world(until=9 * DAY).said("sponsor.left")] == [
        "2026-01-06T00:00:00.000Z",
        "2026-01-08T00:00:00.000Z",
    ]


def test_a_talk_with_the_one_who_left_or_with_nobody_in_particular_does_not_count() -> None:
    story = talk(talk(talk(left(), 2 * DAY, "s1"), 3 * DAY, None), 4 * DAY, "s2")
    assert [transition for transition, _ in told(story)] == ["opened"]


def test_somebody_unknown_counts_by_the_role_that_the_talk_carries() -> None:
    transitions = [transition for transition, _ in told(talk(left(), 2 * DAY, "new", role="sponsor"))]
    assert transitions == ["opened", "recovering", "resolved"]


def test_who_comes_back_is_missed_no_more() -> None:
    texts = told(left(back=5 * DAY))
    assert [transition for transition, _ in texts] == ["opened", "recovering", "resolved"]
    assert texts[1][1].startswith("The sponsor s1 is missed no more: the same person is back.")


def test_a_role_that_no_rule_misses_ends_it() -> None:
    texts = told(person(left(), 5 * DAY, "s1", "end_user", active=False))
    assert texts[1] == (
        "recovering",
        (
            "The end_user s1 is missed no more: no rule misses that role. If that lasts until 2026-01-17 00:00 UTC, it"
            " ends."
        ),
    )


def test_a_talk_before_a_late_departure_is_known_does_not_count_and_one_after_it_does() -> None:
    story = talk(talk(person(person(Story(), 0, "s1"), 0, "s2"), 2 * DAY, "s2"), 4 * DAY, "s2")
    story(DAY, StakeholderLeft, stakeholder_id="s1", late=10 * DAY)
    assert told(story) == []  # by the time it is known, the successor was spoken with
    before = talk(person(person(Story(), 0, "s1"), 0, "s2"), 2 * DAY, "s2")
    before(3 * DAY, StakeholderLeft, stakeholder_id="s1", late=10 * DAY)
    assert [transition for transition, _ in told(before)] == ["opened"]


def test_many_talks_with_one_person_do_not_push_out_the_talk_with_another() -> None:
    """A bounded log of talks would forget the successor, and miss the sponsor who left long ago anew."""
    story = talk(left(), 2 * DAY, "new", role="sponsor")
    for number in range(200):
        talk(story, 3 * DAY + number * HOUR, "s2")
    assert [transition for transition, _ in told(story)] == ["opened", "recovering", "resolved"]


def test_an_earlier_talk_that_is_told_late_does_not_replace_a_later_one() -> None:
    story = talk(left(), 3 * DAY, "new", role="sponsor")
    talk(story, HOUR, "new", role="sponsor", late=5 * DAY)
    assert [transition for transition, _ in told(story)] == ["opened", "recovering", "resolved"]


def test_a_departure_may_last_for_a_time_of_its_own() -> None:
    rule = next(rule for rule in PLAN.rules if rule.id == "sponsor.left")
    assert isinstance(rule.operator, Departure)
    lasting = msgspec.structs.replace(rule, operator=msgspec.structs.replace(rule.operator, lasts=Duration(3, "bd")))
    plan = with_rule(lasting)
    world = left().world(until=20 * DAY, plan=plan)
    assert [(a.detected_at[:10], a.transition) for a in world.alerts if a.rule_id == "sponsor.left"] == [
        ("2026-01-06", "opened"),
        ("2026-01-09", "resolved"),
    ]
    assert "it was 3bd ago" in world.of("sponsor.left")[-1].explanation
