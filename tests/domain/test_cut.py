"""A number that the customer sets, against the one before: seats."""

from datetime import datetime
from itertools import permutations

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import SeatsChanged
from detector.domain.operators.cut import Cut
from detector.domain.verdict import Moment
from tests.domain.world import DAY, PLAN, T0, Story

FOUND = next(rule for rule in PLAN.rules if rule.id == "seats.cut").operator
assert isinstance(FOUND, Cut)
CUT: Cut = FOUND


def seats(*rows: tuple[int, int]) -> Story:
    story = Story()
    for day, purchased in rows:
        story(day * DAY, SeatsChanged, purchased=purchased)
    return story


def said(story: Story, until: int) -> list[tuple[int, str, str | None]]:
    alerts = story.world(until=until * DAY).of("seats.cut")
    return [((_ms(alert.detected_at) - T0) // DAY, alert.transition, alert.resolution) for alert in alerts]


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_second_cut_counts_30_days_anew_and_the_first_number_is_the_one_to_come_back_to() -> None:
    story = seats((0, 100), (10, 80), (30, 60), (40, 80), (50, 100))
    assert said(story, 80) == [
        (10, "opened", None), (30, "revised", None), (40, "revised", None), (50, "resolved", "righted_itself"),
    ]  # fmt: skip
    assert said(seats((0, 100), (10, 80), (30, 60)), 80)[-1] == (60, "resolved", "righted_itself")


def test_what_was_made_good_or_is_old_is_no_basis_for_the_next_cut() -> None:
    assert [row[:2] for row in said(seats((0, 100), (10, 80), (12, 100), (14, 80)), 20)] == [
        (10, "opened"), (12, "resolved"), (14, "opened"),
    ]  # fmt: skip
    old = seats((0, 100), (10, 80), (60, 79), (70, 60))
    assert [row[:2] for row in said(old, 75)] == [(10, "opened"), (40, "resolved"), (70, "opened")]


def test_a_cut_that_is_dated_ahead_waits_for_its_day() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    for number, (at, purchased) in enumerate(((T0, 100), (T0 + 5 * DAY, 50))):
        event = SeatsChanged(event_id=str(number), account_id="acme", occurred_at=at, purchased=purchased)
        CUT.log.fold(event, bytes([number]), account)
    verdict = CUT.judge(account, None, Moment(T0 + DAY, T0 + DAY, T0, T0), None)
    assert (verdict.level, verdict.due) == (0, T0 + 5 * DAY)
    verdict = CUT.judge(account, None, Moment(T0 + 5 * DAY, T0 + 5 * DAY, T0, T0), None)
    assert (verdict.level, verdict.due) == (4, T0 + 35 * DAY)


def test_seats_reported_in_another_order_come_to_the_same() -> None:
    rows = ((0, 100), (10, 95), (20, 80))
    found = set()
    for order in permutations(rows):
        account = Account("default", "acme", "default/acme", hot.new(), None)
        for day, purchased in order:
            event = SeatsChanged(event_id=str(day), account_id="acme", occurred_at=T0 + day * DAY, purchased=purchased)
            CUT.log.fold(event, bytes([day]), account)
        verdict = CUT.judge(account, None, Moment(T0 + 21 * DAY, T0 + 21 * DAY, T0, T0), None)
        found.add((verdict.level, verdict.since, str(verdict.numbers)))
    assert len(found) == 1


def test_without_seats_there_is_nothing_to_cut() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    verdict = CUT.judge(account, None, Moment(T0, T0, T0, T0), None)
    assert (verdict.level, verdict.off, verdict.due) == (0, False, None)
