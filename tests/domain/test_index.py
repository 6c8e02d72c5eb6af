"""The value index: scores, confidence, grades, where points went, and when all that changes (rules.md 11)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import iso
from detector.domain.events import (
    EVENT_TYPES,
    AccountUpdated,
    DealClosed,
    GoalAcknowledged,
    GoalMeasured,
    GoalSet,
    IncidentOpened,
    IncidentResolved,
    MilestoneDone,
    OnboardingStarted,
    OutcomeRecorded,
    SchedulePoint,
    StageEntered,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
    TouchPlanned,
    UsageRecorded,
)
from detector.domain.health import Health
from detector.domain.index import (
    POINTS,
    WEIGHTS,
    Assessment,
    Index,
    arr_at_risk,
    grade_of,
    score_of,
    split,
    value_of,
)
from detector.domain.state import Episode, account_path, hot_key, record_key
from detector.domain.verdict import CRITICAL, HIGH, INFO, WARN, WATCH, Moment
from tests.domain.streams import rows
from tests.domain.test_laws import bounded
from tests.domain.test_small import account
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, SPINE, T0, Eight, Row, Story, World, log_of

levels = st.lists(st.integers(INFO, CRITICAL), max_size=8)
families = st.dictionaries(st.sampled_from(sorted(WEIGHTS)), levels)


def opened(
    rule: str, level: int, *, status: str = "open", severity: int | None = None, subject: str | None = None
) -> Episode:
    return Episode(
        rule, None, subject, "id", "at", T0, T0, level, level if severity is None else severity, status=status
    )


# -- scores ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signals", "score"),
    [
        ([], 1000),
        ([INFO], 980), ([WATCH], 920), ([WARN], 800), ([HIGH], 550), ([CRITICAL], 300),
        ([WARN, WARN], 640),
        ([HIGH, CRITICAL], 165),
        ([WATCH, WATCH], 846),  # 84.64
        ([HIGH, HIGH], 303),  # 30.25: halves are rounded up
        ([CRITICAL] * 300, 0),
    ],
)  # fmt: skip
def test_a_score_is_the_product_of_what_each_signal_leaves(signals: list[int], score: int) -> None:
    assert score_of(signals) == score


@given(levels, st.integers(INFO, CRITICAL))
def test_another_signal_never_raises_a_score(signals: list[int], another: int) -> None:
    assert score_of([*signals, another]) <= score_of(signals)
    assert score_of(signals) == score_of(reversed(signals))


@given(st.dictionaries(st.tuples(st.sampled_from("abc"), st.text(max_size=2)), st.integers(INFO, CRITICAL), min_size=1))
def test_every_point_lost_is_attributed(signals: dict[tuple[str, str], int]) -> None:
    lost = 1000 - score_of(signals.values())
    points = split(lost, signals)
    assert sum(points.values()) == lost
    costs = {rule: sum(POINTS[level] for (other, _), level in signals.items() if other == rule) for rule, _ in signals}
    assert points.keys() == costs.keys()
    assert all(abs(points[rule] - lost * cost / sum(costs.values())) < 1 for rule, cost in costs.items())


def test_points_are_shared_in_proportion() -> None:
    assert split(1000 - score_of([WARN, WATCH]), {("a", ""): WARN, ("b", "x"): WATCH}) == {"a": 189, "b": 75}
    assert split(0, {}) == {}


# -- the mean ---------------------------------------------------------------------------------------------------------


def test_the_index_is_the_weighted_mean_of_the_families_with_data() -> None:
    assert value_of({"outcomes": 550, "adoption": 1000}, WEIGHTS, set()) == 700
    assert value_of({"outcomes": 1000, "adoption": 1000, "support": 800, "relationship": 920}, WEIGHTS, set()) == 953


def test_one_family_is_too_little_and_one_that_weighs_nothing_is_none() -> None:
    assert value_of({"outcomes": 1000}, WEIGHTS, set()) is None
    assert value_of({"outcomes": 1000, "commercial": 1000}, WEIGHTS, set()) is None
    assert value_of({}, WEIGHTS, set()) is None


def test_any_family_at_30_or_less_caps_the_index_at_60() -> None:
    assert value_of({"outcomes": 1000, "adoption": 1000, "commercial": 300}, WEIGHTS, set()) == 600
    assert value_of({"outcomes": 1000, "adoption": 1000, "commercial": 303}, WEIGHTS, set()) == 1000
    assert value_of({"outcomes": 165, "adoption": 1000}, WEIGHTS, set()) == 443


def test_a_family_known_by_its_signals_alone_never_raises_the_mean() -> None:
    low = {"adoption": 550, "support": 550}
    assert value_of(low, WEIGHTS, set()) == 550
    assert value_of({**low, "relationship": 920}, WEIGHTS, {"relationship"}) == 550
    assert value_of({**low, "relationship": 300}, WEIGHTS, {"relationship"}) == 475
    assert value_of({"adoption": 920, "support": 800}, WEIGHTS, {"adoption", "support"}) == 800


@given(
    families, st.sets(st.sampled_from(sorted(WEIGHTS))), st.sampled_from(sorted(WEIGHTS)), st.integers(INFO, CRITICAL)
)
def test_more_evidence_of_risk_never_raises_the_index(
    signals: dict[str, list[int]], seen: set[str], family: str, another: int
) -> None:
    def value(signals: dict[str, list[int]]) -> int | None:
        found = {name: score_of(signals.get(name, [])) for name in WEIGHTS if name in seen or signals.get(name)}
        return value_of(found, WEIGHTS, set(found) - seen)

    before, after = value(signals), value({**signals, family: [*signals.get(family, []), another]})
    assert before is None or (after is not None and after <= before)


# -- the grade --------------------------------------------------------------------------------------------------------


def assessed(value: int | None, confidence: float = 0.9, *, verified: bool = True) -> Assessment:
    return Assessment(value, confidence, {}, {}, {}, verified, None, awaits_usage=False)


@pytest.mark.parametrize(
    ("now", "episodes", "grade"),
    [
        (assessed(None), [], "insufficient_data"),
        (assessed(None), [opened("r", CRITICAL)], "insufficient_data"),
        (assessed(249), [], "critical"), (assessed(250), [], "at_risk"),
        (assessed(399), [], "at_risk"), (assessed(400), [], "watch"),
        (assessed(749), [], "watch"), (assessed(750), [], "green"), (assessed(1000), [], "green"),
        (assessed(1000), [opened("r", WARN)], "green"),
        (assessed(1000), [opened("r", WARN, severity=HIGH)], "watch"),  # as it is shown, raises and all
        (assessed(1000), [opened("r", CRITICAL)], "at_risk"),
        (assessed(300), [opened("r", HIGH)], "at_risk"),
        (assessed(200), [opened("r", CRITICAL)], "critical"),
        (assessed(1000), [opened("r", HIGH, status="recovering")], "green"),
        (assessed(1000), [opened("good", HIGH)], "green"),
        (assessed(1000, 0.59), [], "unproven"), (assessed(1000, 0.6), [], "green"),
        (assessed(1000, verified=False), [], "unproven"),
        (assessed(740, 0.1, verified=False), [], "watch"),
    ],
)  # fmt: skip
def test_the_grade_says_where_it_stands_and_whether_that_is_proved(
    now: Assessment, episodes: list[Episode], grade: str
) -> None:
    assert grade_of(now, episodes, frozenset({"good"})) == grade


# -- an account -------------------------------------------------------------------------------------------------------


def known(days: int = 60) -> Story:
    """An account of which everything is known and nothing is wrong, past its onboarding."""
    story = Eight()
    story(0, StageEntered, stage="value")(0, AccountUpdated, arr_minor=1_200_000, currency="EUR")
    for who, role in (("s", "sponsor"), ("c", "champion"), ("u", "end_user")):
        story(1, StakeholderUpdated, stakeholder_id=who, role=role)
    story(2, GoalSet, goal_id="g", kind="risk", direction="up")
    story(3, GoalMeasured, goal_id="g", value=1.0, evidence="customer_confirmed")
    for day in range(days):
        story(day * DAY + HOUR, UsageRecorded, stakeholder_id="u", count=10)
        if day % 10 == 0:
            for who in ("s", "c", "u"):
                story(day * DAY + 2 * HOUR, TouchLogged, direction="inbound", kind="call", stakeholder_id=who)
            story(day * DAY + 3 * HOUR, TicketCreated, ticket_id=f"t{day}", priority="low", category="question")
            story(day * DAY + 4 * HOUR, MilestoneDone, milestone_id=f"m{day}")
    return story


def thawed(world: World) -> Account:
    """The account as the next record would find it."""
    path = account_path("default", "acme")
    return Account("default", "acme", path, hot.opened(world.store[hot_key(path)]), world.store[record_key(path)])


def assess(world: World, at: int) -> Assessment:
    return Index(world.plan).assess(thawed(world), Moment(at, at, T0, T0))


def shown(world: World, at: int) -> Health:
    """The last snapshot up to a time (ms after T0)."""
    return [one for one in world.health if one.as_of <= iso_at(at)][-1]


def iso_at(at: int) -> str:
    return iso(T0 + at)


def test_what_is_known_and_right_is_green_at_a_hundred() -> None:
    last = known().world(60 * DAY).health[-1]
    assert (last.value_index, last.grade) == (100.0, "green")
    assert {name: family.score for name, family in last.families.items()} == dict.fromkeys(last.families, 100.0)
    assert set(last.families) == {"outcomes", "adoption", "support", "relationship", "onboarding"}


def test_the_first_two_weeks_have_no_index_and_its_coming_is_told_at_once() -> None:
    health = known(30).world(30 * DAY).health
    young = [one for one in health if one.as_of < iso_at(14 * DAY)]
    assert {(one.value_index, one.grade) for one in young} == {(None, "insufficient_data")}
    assert next(one for one in health if one.value_index is not None).as_of == iso_at(14 * DAY)


def test_an_alert_costs_its_points_while_it_is_open_and_says_what_it_did_to_the_index() -> None:
    story = known()(40 * DAY, IncidentOpened, incident_id="i", severity="major")
    story(40 * DAY + HOUR, IncidentResolved, incident_id="i")
    world = story.world(40 * DAY + 80 * MINUTE)
    alerts = world.of("incident.untold")
    # 45 points of support, at 15 of 100
    assert [(a.transition, a.value_index.previous, a.value_index.value) for a in alerts] == [
        ("opened", 100.0, 93.3), ("resolved", 93.3, 100.0),
    ]  # fmt: skip
    assert [a.arr_at_risk_minor for a in alerts] == [80_400, 0]
    opened_at = shown(world, 40 * DAY + 30 * MINUTE)
    assert opened_at.families["support"].score == 55.0
    assert opened_at.families["support"].points == {"incident.untold": 45.0}
    assert (opened_at.value_index, opened_at.grade) == (93.3, "watch")
    assert shown(world, 40 * DAY + HOUR).grade == "green"


def test_a_recovering_alert_costs_nothing() -> None:
    now = account()
    now.record.episodes = [opened("contact.dark", HIGH, status="recovering"), opened("usage.dark", WARN)]
    found = Index(SPINE).assess(now, Moment(T0 + 20 * DAY, T0 + 20 * DAY, T0, T0))
    assert {name: family.points for name, family in found.families.items()} == {"adoption": {"usage.dark": 200}}


def test_milestones_cost_outcomes_once_onboarding_is_over() -> None:
    risk = next(rule for rule in PLAN.rules if rule.polarity == "risk" and rule.stratum == 1)
    rule = msgspec.structs.replace(risk, id="milestone.overdue", family="onboarding")
    plan = msgspec.structs.replace(PLAN, rules=(rule,))
    now = account()
    now.record.episodes = [opened("milestone.overdue", WARN, subject="m")]
    inside, outside = (Index(plan).assess(now, Moment(T0 + at, T0 + at, T0, T0)) for at in (20 * DAY, 200 * DAY))
    assert set(inside.families) == {"onboarding"}
    assert set(outside.families) == {"outcomes"}


def test_the_end_of_onboarding_moves_its_weight_at_the_minute() -> None:
    """R2.8: 180 d after its start, though nobody says that it is over; outcomes weigh 50 from then on."""
    story = Eight()(4, OnboardingStarted)
    for day in range(0, 190, 7):
        story(day * DAY + HOUR, UsageRecorded)(day * DAY + HOUR, TouchPlanned, due_at=T0 + 900 * DAY)
    due = (SchedulePoint(at=T0 + 150 * DAY, expected=9.0),)
    story(6, GoalSet, goal_id="g", kind="risk", direction="up", baseline=0.0, target=9.0, schedule=due)
    story(150 * DAY, GoalMeasured, goal_id="g", value=1.0, evidence="measured")
    world, ends = story.world(185 * DAY), 180 * DAY + 4
    # 55 at 40 of 85 (with onboarding 10), then at 50 of 85
    assert shown(world, ends - 1).value_index == 78.8
    assert shown(world, ends).value_index == 73.5
    assert iso_at(ends) in {one.as_of for one in world.health}


# -- confidence -------------------------------------------------------------------------------------------------------


def test_confidence_weighs_what_each_family_is_known_by() -> None:
    found = assess(known().world(60 * DAY), T0 + 60 * DAY)
    assert {name: family.confidence for name, family in found.families.items()} == dict.fromkeys(found.families, 1.0)
    assert found.confidence == 1.0


@pytest.mark.parametrize(
    ("after", "expected"),
    [  # days since 50 d, when the last touch, ticket and milestone came; usage went on until 59 d, and five weeks
        # later nothing is usual any more, so that a drop cannot be judged (R2.4)
        (0, {"outcomes": 1.0, "adoption": 1.0, "support": 1.0, "relationship": 1.0, "onboarding": 1.0}),
        (30, {"outcomes": 1.0, "adoption": 1.0, "support": 1.0, "relationship": 0.5, "onboarding": 0.5}),
        (40, {"outcomes": 0.5, "adoption": 0.25, "support": 1.0, "relationship": 0.5, "onboarding": 0.5}),
        (90, {"outcomes": 0.5, "adoption": 0.25, "support": 1.0, "relationship": 0.0, "onboarding": 0.0}),
        (100, {"outcomes": 0.25, "adoption": 0.0, "support": 1.0, "relationship": 0.0, "onboarding": 0.0}),
    ],
)
def test_evidence_grows_old(after: int, expected: dict[str, float]) -> None:
    found = assess(known().world(60 * DAY), T0 + (50 + after) * DAY + 4 * HOUR)
    assert {name: family.confidence for name, family in found.families.items()} == expected


@pytest.mark.parametrize(
    ("grade", "days", "worth"),
    [
        ("customer_confirmed", 89, 1.0), ("measured", 89, 0.8), ("vendor_asserted", 89, 0.3),
        ("customer_confirmed", 90, 0.5), ("measured", 149, 0.4), ("vendor_asserted", 150, 0.07),
        ("customer_confirmed", 150, 0.25), ("customer_confirmed", 449, 0.02), ("customer_confirmed", 450, 0.0),
    ],
)  # fmt: skip
def test_outcomes_are_known_by_the_grade_of_the_proof_and_its_age(grade: str, days: int, worth: float) -> None:
    story = Eight()(0, UsageRecorded)(0, GoalMeasured, goal_id="g", value=1.0, evidence=grade)
    found = assess(story.world(), T0 + days * DAY)
    assert found.families["outcomes"].confidence == worth
    assert found.verified == (grade != "vendor_asserted" and days < 90)


def test_an_acknowledgement_is_a_verified_outcome() -> None:
    world = Eight()(0, GoalAcknowledged, goal_id="g", stakeholder_id="s").world()
    found = assess(world, T0 + DAY)
    assert (found.families["outcomes"].confidence, found.verified) == (1.0, True)


def test_relationship_is_known_by_who_was_heard() -> None:
    """By the role that is known of them now, else the one that the event carried."""
    story = Eight()(0, TouchLogged, direction="inbound", kind="call", stakeholder_id="a", role="end_user")
    assert assess(story.world(), T0 + DAY).families["relationship"].confidence == 0.33
    story(1, TouchLogged, direction="outbound", kind="call", outcome="held", stakeholder_id="b")
    assert assess(story.world(), T0 + DAY).families["relationship"].confidence == 0.33
    story(2, StakeholderUpdated, stakeholder_id="b", role="executive")
    assert assess(story.world(), T0 + DAY).families["relationship"].confidence == 0.67
    story(3, TouchLogged, direction="inbound", kind="call", role="champion")
    story(4, TouchLogged, direction="outbound", kind="call", role="champion", outcome="no_show")
    assert assess(story.world(), T0 + DAY).families["relationship"].confidence == 1.0


def test_the_later_of_a_person_and_a_mere_role_counts() -> None:
    story = Eight()(0, TouchLogged, direction="inbound", kind="call", role="champion")
    story(DAY, TouchLogged, direction="inbound", kind="call", stakeholder_id="c", role="champion")
    assert assess(story.world(), T0 + 90 * DAY).families["relationship"].confidence == round(0.5 / 3, 2)


def test_rules_that_are_not_armed_lower_the_confidence() -> None:
    silent = msgspec.structs.replace(SPINE, default=msgspec.structs.replace(SPINE.default, armed=frozenset()))
    sure, unsure = (assess(known().world(60 * DAY, plan=plan), T0 + 60 * DAY) for plan in (SPINE, silent))
    assert unsure.confidence < sure.confidence


def test_what_was_dropped_lowers_the_confidence_5_percent_each_kind() -> None:
    now = thawed(known().world(60 * DAY))
    now.record.evicted = {"log": 9, "subject": 1, "body": 3}
    confidence = Index(SPINE).assess(now, Moment(T0 + 60 * DAY, T0 + 60 * DAY, T0, T0)).confidence
    assert confidence == round(0.95**2, 2)


def test_who_can_judge_an_account_is_asked_once_a_day() -> None:
    """The first step of a UTC day asks; what is learnt during the day counts from the next one on."""
    index, now, late = Index(SPINE), thawed(known(36).world()), thawed(known(40).world())
    now.hot[:] = thawed(known(2).world()).hot  # too little to judge a drop
    at, later, tomorrow = (Moment(T0 + t, T0 + t, T0, T0) for t in (39 * DAY + HOUR, 39 * DAY + 9 * HOUR, 40 * DAY))
    assert index.assess(now, at).families["adoption"].confidence == 0.25  # old, and one of two rules can judge
    now.hot[:] = late.hot
    assert index.assess(now, later).families["adoption"].confidence == 0.5  # fresh; asked again tomorrow
    assert index.assess(now, tomorrow).families["adoption"].confidence == 1.0


def test_rules_that_have_seen_too_little_lower_the_confidence() -> None:
    """R2.4: five weeks of usage are needed before a drop in it can be judged."""
    found = assess(known(30).world(30 * DAY), T0 + 30 * DAY)
    adoption = [rule for rule in SPINE.rules if rule.family == "adoption"]
    warm = [rule for rule in adoption if rule.id != "usage.drop"]
    assert found.families["adoption"].confidence <= round(len(warm) / len(adoption), 2) < 1


# -- when a reader hears of it ----------------------------------------------------------------------------------------


def test_green_that_grows_old_is_unproven_at_the_minute() -> None:
    """90 d after the last verified outcome, by a deadline: nothing comes that could tell."""
    story = known(120)
    world = story.world(120 * DAY)
    aged = 90 * DAY + 3
    assert shown(world, aged - 1).grade == "green"
    assert (shown(world, aged).grade, shown(world, aged).as_of) == ("unproven", iso_at(aged))


def test_usage_after_a_month_without_is_known_at_once() -> None:
    """The hot path wakes the index where it would change it."""
    story = known(10)
    before = story.world(50 * DAY).record().standing.confidence
    story(50 * DAY, UsageRecorded)
    assert story.world(50 * DAY).record().standing.confidence > before


def test_revenue_at_risk_is_the_share_of_the_index_that_is_lost() -> None:
    now = account(arr_minor=999)
    assert [arr_at_risk(now, value) for value in (None, 1000, 933, 0)] == [None, 0, 67, 999]
    assert arr_at_risk(account(), 500) is None


def test_ordinary_usage_touches_the_hot_block_alone() -> None:
    world = World(known(5)(5 * DAY, UsageRecorded).log(), SPINE)
    usage = world.log.records.pop("crm")
    world.log.records["crm"] = usage[:-1]
    world.play()
    world.log.records["crm"] = usage
    world.restart()
    world.offer_rest()
    world.partition.advance({"crm"})
    changes = world.collect()
    assert changes is not None
    assert {key[:2] for key, _ in changes.states} == {b"h/", b"p"}


def test_an_account_whose_customer_has_left_has_no_index() -> None:
    """R2.12: nothing is judged until it is won back; then it is as it was."""
    story = known(30)(31 * DAY, OutcomeRecorded, outcome="churned")
    gone = story.world(40 * DAY).health[-1]
    assert (gone.value_index, gone.grade, gone.families, gone.confidence) == (None, "insufficient_data", {}, 0.0)
    back = story(41 * DAY, DealClosed).world(42 * DAY).health[-1]
    assert (back.value_index, back.grade) == (100.0, "green")


RISKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ticket.escalated", {"ticket_id": "z"}),
    ("ticket.sla_breached", {"ticket_id": "z"}),
    ("integration.removed", {"integration": "z"}),
    ("downgrade.requested", {}),
    ("payment.failed", {"invoice_id": "z"}),
    ("competitor.mentioned", {}),
)


@pytest.mark.no_cover  # slow where branches are counted, and others reach the same ones
@bounded
@given(rows(accounts=("acme",)), st.sampled_from(RISKS), st.sampled_from((0, MINUTE, DAY, 20 * DAY)))
def test_an_event_that_is_nothing_but_a_sign_of_risk_never_raises_the_index(
    stream: list[Row], risk: tuple[str, dict[str, Any]], later: int
) -> None:
    """Whatever came before, whatever rules there are, and whether its family was known or not."""
    name, fields = risk
    at = stream[-1][0] + MINUTE
    event = EVENT_TYPES[name](event_id="worse", account_id="acme", occurred_at=at, **fields)
    without = World(log_of(stream)).play(at + later).record().standing.value
    with_it = World(log_of([*stream, (at, "support", event)])).play(at + later).record().standing.value
    assert without == -1 or with_it <= without


def test_a_snapshot_lists_what_falls_due_within_a_week_by_subject() -> None:
    """Neither what is due later, nor what is overdue already and has an alert."""
    story = Eight()(0, UsageRecorded)
    for goal, at in (("late", 0), ("soon", 8 * DAY), ("later", 10 * DAY)):
        story(at, GoalSet, goal_id=goal, kind="risk", direction="up", baseline=0.0, target=5.0)
        story(at + 1, GoalMeasured, goal_id=goal, value=5.0, evidence="measured")
    story(15 * DAY, IncidentOpened, incident_id="i", severity="minor")
    last = story.world(15 * DAY + MINUTE).health[-1]
    assert [(due.rule_id, due.subject, due.due_at, due.side) for due in last.obligations] == [
        ("incident.untold", "i", iso_at(15 * DAY + 30 * MINUTE), None)
    ]
    last = story(15 * DAY + HOUR, StakeholderUpdated, stakeholder_id="s", role="sponsor").world(16 * DAY).health[-1]
    assert [(due.rule_id, due.subject, due.due_at, due.side) for due in last.obligations] == [
        ("goal.achieved_unseen", "soon", iso_at(22 * DAY + 1), None)
    ]
