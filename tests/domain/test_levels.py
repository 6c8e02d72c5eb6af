"""Measures: what is kept of events and what is read of it, whatever the order in which they came."""

from itertools import permutations
from typing import Any

import pytest

from detector.domain import events as e
from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import Event
from detector.domain.facts import FOLDS
from detector.domain.hot import hash8
from detector.domain.lasts import LastSeen, Unanswered
from detector.domain.levels import ActivePeople, Ahead, Extreme, KnownPeople, Largest, Latest, NamedRoles, Share
from detector.domain.matchers import Matcher
from detector.domain.matchers import Test as Bound
from detector.domain.measures import Count, DaySums, Kept, Log, Mark, Measure, Track
from detector.domain.moments import MomentOf
from detector.domain.state import encode_record
from detector.domain.sums import Sum, Unprompted
from tests.domain.world import DAY, HOUR, MINUTE, T0

TOUCH: dict[str, Any] = {"direction": "inbound", "kind": "call"}
PER_PERSON = ("stakeholder_id", "role")


def of(cls: type[Event], *tests: Bound) -> Matcher:
    return Matcher(str(cls.__struct_config__.tag), {cls: (tests,)})


def event(cls: type[Event], at: int, **fields: Any) -> Event:
    """An event at `at` (ms after T0), with an id made of all of it."""
    return cls(event_id=f"{at}{fields}", account_id="acme", occurred_at=T0 + at, **fields)


def account_of(kept: Kept | None, *events: Event) -> Account:
    """An account that has taken these in, in this order."""
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for one in events:
        fold = FOLDS.get(type(one))
        if fold is not None:
            fold(one, account)
        hot.mark_seen(account.hot, one.occurred_at)
        if kept is not None:
            kept.fold(one, hash8(one.event_id), account)
    return account


def seats(at: int, purchased: int, **fields: Any) -> Event:
    return event(e.SeatsChanged, at, purchased=purchased, **fields)


def person(at: int, who: str, role: str, **fields: Any) -> Event:
    return event(e.StakeholderUpdated, at, stakeholder_id=who, role=role, **fields)


# -- a field as last told ---------------------------------------------------------------------------------------------

SEATS = Latest("purchased_seats", Log("seats.changed", of(e.SeatsChanged), ("purchased",), 4), "purchased")


def test_the_latest_value_is_read_whatever_the_order() -> None:
    told = [seats(0, 10), seats(DAY, 30), seats(2 * DAY, 20)]
    for order in permutations(told):
        account = account_of(SEATS.log, *order)
        assert SEATS.value(account, T0 + 3 * DAY) == 20
        assert SEATS.value(account, T0 + DAY) == 30
    assert SEATS.value(account_of(None), T0) is None
    assert (SEATS.unit, SEATS.classes, SEATS.kept) == ("seats", (e.SeatsChanged,), (SEATS.log,))


def test_none_is_bought_is_a_value_and_one_dated_ahead_counts_when_its_time_has_come() -> None:
    account = account_of(SEATS.log, seats(0, 0), seats(DAY, 5))
    assert SEATS.value(account, T0) == 0
    assert SEATS.next_change(account, T0) == T0 + DAY
    assert SEATS.next_change(account, T0 + DAY) is None


FEED = Log("active_feed", of(e.UsageActiveUsers, Bound("period_days", at_least=21)), ("active_users",), 4)
ACTIVE = Latest("active_people", FEED, "active_users", fresh_ms=14 * DAY, otherwise=ActivePeople("people_28d", 28))


def used(account: Account, at: int, who: str | None) -> None:
    hot.add_usage(account.hot, (T0 + at) // DAY, 1, None if who is None else hot.member_hash(who), T0 + at)


def test_active_people_are_those_of_the_feed_while_it_is_fresh_else_those_who_were_seen() -> None:
    """Rules.md 1: the latest of 21-35 days, not older than 14 d; else distinct people of 28 d."""
    account = account_of(FEED, event(e.UsageActiveUsers, 0, active_users=40, period_days=28))
    FEED.fold(event(e.UsageActiveUsers, DAY, active_users=9, period_days=1), b"", account)
    used(account, 3 * DAY, "p1")
    used(account, 3 * DAY, "p2")
    assert ACTIVE.value(account, T0 + 14 * DAY - 1) == 40
    assert ACTIVE.next_change(account, T0 + DAY) == T0 + 14 * DAY
    assert ACTIVE.value(account, T0 + 14 * DAY) == 2
    assert ACTIVE.next_change(account, T0 + 14 * DAY + 7 * HOUR) == T0 + 15 * DAY + 6 * HOUR
    assert ACTIVE.unit == "people"
    assert ACTIVE.kept == (FEED,)


def test_a_person_counts_for_28_whole_days_once_they_take_no_late_events() -> None:
    account = account_of(None)
    used(account, 0, "p1")
    people = ActivePeople("people_28d", 28)
    assert people.value(account, T0 + 29 * DAY + 6 * HOUR - 1) == 1
    assert people.value(account, T0 + 29 * DAY + 6 * HOUR) == 0
    assert (people.classes, people.kept) == ((), ())


def test_use_by_nobody_in_particular_leaves_the_number_of_people_unknown() -> None:
    account = account_of(None)
    used(account, 0, None)
    assert ActivePeople("people_28d", 28).value(account, T0 + 2 * DAY) is None
    assert ActivePeople("people_28d", 28).value(account_of(None), T0 + 2 * DAY) == 0


def test_people_who_are_counted_elsewhere_are_unknown_once_nobody_counts_them_any_more() -> None:
    """A feed of numbers ends, and nobody was ever named: that is no use by nobody (rules.md 11: missing data)."""
    people = ActivePeople("people_28d", 28)
    for period in (1, 28):  # a number of a day is no number of a month, but tells who counts
        account = account_of(None)
        hot.set_active_users(account.hot, T0, 40, period)
        hot.mark_usage(account.hot, hot.ACTIVE_USERS, T0)
        assert people.value(account, T0 + 50 * DAY) is None
        used(account, DAY, "p1")  # since then they are counted here
        assert people.value(account, T0 + 20 * DAY) == 1
        assert people.value(account, T0 + 50 * DAY) == 0
    used(account := account_of(None), 0, "p1")
    hot.set_active_users(account.hot, T0 + DAY, 0, 28)
    assert people.value(account, T0 + 50 * DAY) is None


PULSE = Latest(
    "pulse",
    Log("pulse.recorded", of(e.PulseRecorded), ("rating",), 4),
    "rating",
    fresh_ms=90 * DAY,
    extreme=Extreme(20, 80, 30 * DAY),
)


@pytest.mark.parametrize(("rating", "days"), [(70, 90), (21, 90), (20, 30), (80, 30), (100, 30)])
def test_a_pulse_counts_for_90_days_and_an_extreme_one_for_30(rating: int, days: int) -> None:
    """Rules.md 6, pulse.stale."""
    account = account_of(PULSE.log, event(e.PulseRecorded, 0, rating=rating))
    assert PULSE.value(account, T0 + days * DAY - 1) == rating
    assert PULSE.next_change(account, T0 + DAY) == T0 + days * DAY
    assert PULSE.value(account, T0 + days * DAY) is None
    assert PULSE.next_change(account, T0 + days * DAY) is None


REPLIES = Log("agent_reply", of(e.TicketReplied, Bound("author", frozenset({"agent"}))), ("ticket_id", "canned"), 32)
CANNED = Latest("canned_reply", REPLIES, "canned", per="ticket_id")


def test_a_field_is_kept_per_subject_and_read_as_it_was_then() -> None:
    replies = [(0, "t1", True), (HOUR, "t2", False), (2 * HOUR, "t1", False)]
    account = account_of(
        REPLIES, *(event(e.TicketReplied, at, ticket_id=t, author="agent", canned=c) for at, t, c in replies)
    )
    assert [CANNED.value(account, T0 + at, "t1") for at in (0, HOUR, 2 * HOUR)] == [1, 1, 0]
    assert CANNED.value(account, T0 + 3 * HOUR, "t2") == 0
    assert CANNED.value(account, T0 + 3 * HOUR, "t3") is None
    assert CANNED.unit == "value"


def test_who_does_not_tell_a_field_leaves_it_as_it_was() -> None:
    log = Log("onboarding.completed", of(e.OnboardingCompleted), ("planned_users",), 4)
    planned = Latest("planned_users", log, "planned_users")
    account = account_of(log, event(e.OnboardingCompleted, 0, planned_users=30), event(e.OnboardingCompleted, DAY))
    assert planned.value(account, T0 + 2 * DAY) == 30


# -- shares -----------------------------------------------------------------------------------------------------------


def test_a_share_is_of_two_measures_and_of_nothing_it_is_unknown() -> None:
    known = KnownPeople("known_people")
    share = Share("share", known, SEATS)
    people = [person(0, "p1", "admin"), person(0, "p2", "end_user")]
    assert share.value(account_of(SEATS.log, *people, seats(0, 4)), T0) == 0.5
    assert share.value(account_of(SEATS.log, *people, seats(0, 0)), T0) is None
    assert share.value(account_of(SEATS.log, *people), T0) is None
    assert Share("share", SEATS, known).value(account_of(SEATS.log, *people), T0) is None
    assert share.classes == (e.StakeholderUpdated, e.StakeholderLeft, e.SeatsChanged)
    assert share.kept == (SEATS.log,)
    assert share.next_change(account_of(SEATS.log, seats(DAY, 4)), T0) == T0 + DAY


TOUCHES = Log("inbound_touch", of(e.TouchLogged), ("stakeholder_id", "role"), 256)
LOUDEST = Largest("loudest_share_60d", Count("inbound_touches_60d", TOUCHES, 60 * DAY), "stakeholder_id")


def touch(at: int, who: str | None, **fields: Any) -> Event:
    return event(e.TouchLogged, at, stakeholder_id=who, **{**TOUCH, **fields})


def test_the_loudest_has_the_largest_share_of_all_that_came_of_somebody_or_of_nobody() -> None:
    account = account_of(TOUCHES, *(touch(n * HOUR, who) for n, who in enumerate(("a", "a", "b", None))))
    assert LOUDEST.value(account, T0 + DAY) == 0.5
    assert LOUDEST.value(account, T0 + 70 * DAY) is None
    assert LOUDEST.next_change(account, T0 + DAY) == T0 + 60 * DAY
    assert (LOUDEST.kept, LOUDEST.classes, LOUDEST.unit) == ((TOUCHES,), (e.TouchLogged,), "share")
    assert LOUDEST.value(account_of(TOUCHES, touch(0, None)), T0) == 0


# -- people -----------------------------------------------------------------------------------------------------------


def test_people_are_known_until_they_leave() -> None:
    people = [person(0, "p1", "admin"), person(0, "p2", "end_user")]
    left = event(e.StakeholderLeft, DAY, stakeholder_id="p2")
    known = KnownPeople("known_people")
    assert known.value(account_of(None, *people), T0) == 2
    assert known.value(account_of(None, *people, left), T0) == 1
    assert known.next_change(account_of(None), T0) is None


def test_groups_of_roles_are_named_by_anybody_in_one_of_them() -> None:
    groups = (frozenset({"executive", "sponsor"}), frozenset({"champion"}), frozenset({"end_user"}))
    named = NamedRoles("named_roles", groups)
    people = [person(0, "p1", "executive"), person(0, "p2", "sponsor"), person(0, "p3", "end_user")]
    assert named.value(account_of(None, *people), T0) == 2
    assert named.value(account_of(None, *people, event(e.StakeholderLeft, DAY, stakeholder_id="p3")), T0) == 1
    assert named.classes == (e.StakeholderUpdated, e.StakeholderLeft)


def test_a_role_is_the_one_that_is_known_when_it_is_read() -> None:
    """A talk that is taken in before its person is named counts as one that is taken in after it."""
    admins = Count("admins", TOUCHES, None, distinct="stakeholder_id", roles=frozenset({"admin"}))
    roles = Count("roles", TOUCHES, None, distinct="role")
    per_role = Count("per role", TOUCHES, None, per="role")
    story = [touch(HOUR, "p1", role="end_user"), person(0, "p1", "admin"), touch(HOUR, "p2", role="admin")]
    for order in permutations(story):
        account = account_of(TOUCHES, *order)
        assert admins.value(account, T0 + DAY) == 2
        assert roles.value(account, T0 + DAY) == 1
        assert per_role.value(account, T0 + DAY, "admin") == 2
        assert set(per_role.subjects(account, T0 + DAY)) == {"admin"}


def test_one_of_each_person_and_day_is_kept_whatever_the_order() -> None:
    log = Log("negative", of(e.TouchLogged), PER_PERSON, 2, ("stakeholder_id", "day"))
    story = [touch(0, "a"), touch(HOUR, "a"), touch(DAY, "a"), touch(HOUR, None), touch(2 * HOUR, None)]
    found = {str(account_of(log, *order).record.logs) for order in permutations(story)}
    assert len(found) == 1
    account = account_of(log, *story)
    assert [entry[0] - T0 for entry in account.record.logs["negative"]] == [2 * HOUR, DAY]


# -- what lies ahead --------------------------------------------------------------------------------------------------


def test_what_is_planned_lies_ahead_until_its_date() -> None:
    ahead = Ahead("touches_ahead", Mark("touches_ahead", of(e.TouchPlanned), "due_at"))
    account = account_of(ahead.dates, *(event(e.TouchPlanned, 0, due_at=T0 + days * DAY) for days in (3, 9, 1)))
    assert [ahead.value(account, T0 + days * DAY) for days in (0, 3, 8, 9)] == [1, 1, 1, 0]
    assert ahead.next_change(account, T0) == T0 + 9 * DAY
    assert ahead.next_change(account, T0 + 9 * DAY) is None
    assert ahead.value(account_of(None), T0) == 0
    assert ahead.next_change(account_of(None), T0) is None
    assert (ahead.kept, ahead.classes) == ((ahead.dates,), (e.TouchPlanned,))


# -- when something last was ------------------------------------------------------------------------------------------


def test_when_something_last_was_of_the_account_or_of_one_subject() -> None:
    mark = Mark("last_value", of(e.ValueDelivered))
    last = LastSeen("last_value", mark)
    account = account_of(mark, event(e.ValueDelivered, DAY), event(e.ValueDelivered, HOUR))
    assert last.value(account, T0) == T0 + DAY
    assert LastSeen("none", Mark("none", of(e.ValueDelivered))).value(account, T0) is None
    assert last.next_change(account, T0) is None
    track = Track("release", "release_id", "release.told", of(e.ReleaseTold))
    told = LastSeen("last_told", track)
    account = account_of(track, event(e.ReleaseTold, HOUR, release_id="r1"))
    assert told.value(account, T0, "r1") == T0 + HOUR
    assert told.value(account, T0, "r2") is None
    assert (told.kept, told.classes) == ((track,), (e.ReleaseTold,))


def test_when_a_role_was_last_spoken_with_is_asked_of_who_has_it_now() -> None:
    log = Log("by person", of(e.TouchLogged), PER_PERSON, 64, PER_PERSON)
    per_role = LastSeen("by role", log)
    leaders = LastSeen("leaders", log, frozenset({"sponsor", "executive"}))
    story = [
        touch(HOUR, "p1"),
        touch(DAY, "p1"),
        touch(2 * DAY, None, role="champion"),
        touch(9 * DAY, None),
        person(0, "p1", "sponsor"),
    ]
    for order in permutations(story):
        account = account_of(log, *order)
        assert per_role.value(account, T0, "sponsor") == T0 + DAY
        assert per_role.value(account, T0, "champion") == T0 + 2 * DAY
        assert per_role.value(account, T0, "admin") is None
        assert per_role.value(account, T0) == T0 + 9 * DAY
        assert leaders.value(account, T0) == T0 + DAY
    assert leaders.classes == (e.TouchLogged, e.StakeholderUpdated)


def test_usage_was_last_when_the_hot_block_says() -> None:
    account = account_of(None)
    used(account, DAY, "p1")
    last = LastSeen("last_usage", None)
    assert last.value(account, T0) == T0 + DAY
    assert last.kept == ()
    assert e.UsageRecorded in last.classes


def test_a_moment_counts_as_well_as_an_event() -> None:
    mark = Mark("last_value", of(e.ValueDelivered))
    last = LastSeen("last_value", mark, moments=(MomentOf("goal.acknowledged"),))
    goal = event(e.GoalSet, 0, goal_id="g1", kind="cost", direction="up")
    acknowledged = event(e.GoalAcknowledged, 2 * DAY, goal_id="g1", stakeholder_id="p1")
    account = account_of(mark, goal, event(e.ValueDelivered, DAY))
    assert last.value(account, T0) == T0 + DAY
    assert last.value(account_of(mark, goal, acknowledged, event(e.ValueDelivered, DAY)), T0) == T0 + 2 * DAY
    assert e.GoalAcknowledged in last.classes


ASKED = Log("question.asked", of(e.QuestionAsked), (), 64)
ANSWERS = Log("inbound", of(e.TouchLogged), (), 3)
UNANSWERED = Unanswered("first_unanswered_question", ASKED, ANSWERS, 14 * DAY)


def questions(asked: list[int], answered: list[int]) -> Account:
    account = account_of(ASKED, *(event(e.QuestionAsked, day * DAY) for day in asked))
    for day in answered:
        ANSWERS.fold(touch(day * DAY, "p1"), hash8(str(day)), account)
    return account


@pytest.mark.parametrize(
    ("asked", "answered", "first"),
    [
        ([0], [], 0),
        ([0], [14], None),  # in time
        ([0], [15], 0),  # too late
        ([0, 20], [3], 20),
        ([0, 20], [3, 21], None),
        ([5], [3], 5),  # an answer to another one
        ([30], [], None),  # its time is not over
        ([0, 10], [20, 21, 22], None),  # the answers are full: who knows what came before
    ],
)
def test_a_question_is_unanswered_when_nothing_came_within_its_time(
    asked: list[int], answered: list[int], first: int | None
) -> None:
    """Rules.md 6, feedback.stale."""
    found = UNANSWERED.value(questions(asked, answered), T0 + 40 * DAY)
    assert found == (None if first is None else T0 + first * DAY)


def test_the_first_question_may_be_asked_for_since_an_instant() -> None:
    account = questions([0, 5], [])
    assert UNANSWERED.first(account, T0, T0 + 40 * DAY) == T0 + 5 * DAY
    assert UNANSWERED.next_change(account, T0 + 15 * DAY) == T0 + 19 * DAY
    assert UNANSWERED.next_change(account, T0 + 19 * DAY) is None
    assert UNANSWERED.kept == (ASKED, ANSWERS)
    assert UNANSWERED.classes == (e.QuestionAsked, e.TouchLogged)


# -- sums and counts --------------------------------------------------------------------------------------------------

SUMS = DaySums("data.exported rows by day", of(e.DataExported, Bound("rows", at_least=1)), "rows", 3)
ROWS = Sum("rows_7d", SUMS, 7)


def exports(*rows: tuple[int, int]) -> Account:
    return account_of(SUMS, *(event(e.DataExported, at, rows=count) for at, count in rows))


def test_rows_are_summed_up_by_day_whatever_the_order_and_the_oldest_day_goes() -> None:
    story = [
        event(e.DataExported, at, rows=rows) for at, rows in ((0, 1), (HOUR, 2), (DAY, 4), (9 * DAY, 0), (8 * DAY, 8))
    ]
    found = {str(account_of(SUMS, *order).record.logs) for order in permutations(story)}
    assert len(found) == 1
    account = account_of(SUMS, *story)
    assert ROWS.value(account, T0) == 3
    assert ROWS.value(account, T0 + 6 * DAY) == 7
    assert ROWS.value(account, T0 + 7 * DAY) == 4
    assert ROWS.total(account, T0 - DAY, T0 + 8 * DAY, None) == 15
    assert ROWS.times(account, T0, T0 + 8 * DAY, None) == [T0 + HOUR, T0 + DAY, T0 + 8 * DAY]
    assert ROWS.complete_since(account) == T0
    assert ROWS.complete_since(exports((0, 1), (DAY, 1), (2 * DAY, 1), (3 * DAY, 1))) == T0 + DAY
    assert (ROWS.kept, ROWS.classes, ROWS.window_ms) == ((SUMS,), (e.DataExported,), 7 * DAY)


def test_a_day_of_rows_without_end_can_still_be_written() -> None:
    """What is written of a record holds 64 bits: 2,048 exports of the most rows that the contract takes are more."""
    account = exports(*((at, 2**53 - 1) for at in range(2_100)))
    assert ROWS.value(account, T0 + HOUR) == 2**62
    assert encode_record(account.record)


def test_a_sum_changes_when_a_day_begins_to_count_or_leaves_the_window() -> None:
    account = exports((0, 1), (9 * DAY + MINUTE, 2))
    assert ROWS.next_change(account, T0) == T0 + 7 * DAY
    assert ROWS.next_change(account, T0 + 7 * DAY) == T0 + 9 * DAY
    assert ROWS.next_change(account, T0 + 16 * DAY) is None


def test_of_an_account_that_nobody_has_seen_no_sum_is_known() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    assert ROWS.complete_since(account) == hot.NEVER


def test_a_survey_answer_counts_unless_it_answers_a_survey_that_counts() -> None:
    """Rules.md 6, contact.neglect: a survey touch, or a survey.responded without one in the 14 d before."""
    sent = Log("survey_touch", of(e.TouchLogged), (), 256)
    answers = Log("survey.responded", of(e.SurveyResponded), (), 256)
    surveys = Unprompted("surveys_30d", Count("sent", sent, 30 * DAY), Count("answers", answers, 30 * DAY), 14 * DAY)
    account = account_of(sent, touch(0, "p1"), touch(20 * DAY, "p1"))
    for day in (3, 14, 15, 21):
        survey = event(e.SurveyResponded, day * DAY, survey_type="csat", score=1.0, scale_min=1.0, scale_max=5.0)
        answers.fold(survey, hash8(str(day)), account)
    assert surveys.times(account, T0 - 1, T0 + 29 * DAY, None) == [T0, T0 + 15 * DAY, T0 + 20 * DAY]
    assert surveys.value(account, T0 + 29 * DAY) == 3
    assert surveys.value(account, T0 + 31 * DAY) == 2  # the answer after 3 days answered one that counts no more
    assert surveys.next_change(account, T0 + 29 * DAY) == T0 + 30 * DAY
    assert surveys.kept == (sent, answers)
    assert surveys.classes == (e.TouchLogged, e.SurveyResponded)


@pytest.mark.parametrize("measure", [SEATS, ACTIVE, PULSE, LOUDEST, ROWS, UNANSWERED, KnownPeople("people")])
def test_every_measure_reads_an_account_that_has_nothing(measure: Measure) -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    assert measure.value(account, T0) in (None, 0)
    assert measure.name
    assert measure.unit


def test_a_share_is_of_what_a_full_log_still_knows() -> None:
    """Of 8 messages 4 are kept, and 2 of them are automated; that there were 4 automated ones before is no share."""
    every = Log("every", of(e.TouchLogged), (), 4)
    some = Log("some", of(e.TouchLogged, Bound("kind", allowed=frozenset({"email"}))), (), 4)
    account = account_of(None)
    for number in range(8):
        kind = "email" if number in {0, 1, 4, 6} else "call"
        touch = event(e.TouchLogged, number * DAY, direction="outbound", kind=kind)
        for log in (every, some):
            log.fold(touch, bytes([number]), account)
    share = Share("share", Count("some", some, 60 * DAY), Count("every", every, 60 * DAY))
    assert share.value(account, T0 + 8 * DAY) == 0.5
