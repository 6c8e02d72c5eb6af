from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
import yaml

from detector.demo import company
from detector.demo.accounts import CUSTOMERS
from detector.demo.stories import STORIES
from detector.demo.stream import PACK
from schemas.events import MODELS
from tests.demo.histories import ENDS, histories, longest_gap

END = ENDS[0]
HOLIDAYS = {"linden-textiles", "aurora-ceramics"}
"""Their holidays look like silence."""


def quiet_accounts() -> set[str]:
    return {customer.account_id for customer in CUSTOMERS} - {s.account_id for s in STORIES if not s.quiet}


def test_the_same_end_and_seed_give_the_same_events() -> None:
    assert list(company.events(END)) == list(company.events(END))


def test_another_seed_gives_other_events() -> None:
    usage = [[e["count"] for e in company.events(END, seed) if "count" in e] for seed in (1, 2)]
    assert usage[0] != usage[1]


def test_forty_customers_live_half_a_year_in_thirty_to_seventy_thousand_events() -> None:
    events = list(company.events(END))
    assert len({event["account_id"] for event in events}) == len(CUSTOMERS) == 40
    assert 30_000 <= len(events) <= 70_000
    assert len({event["event_id"] for event in events}) == len(events)
    moments = [datetime.fromisoformat(str(event["occurred_at"])) for event in events]
    assert END - timedelta(days=182) <= min(moments)
    assert END - timedelta(days=1) <= max(moments) < END


def test_every_event_is_valid_by_the_contract() -> None:
    for event in company.events(END):
        MODELS[str(event["event_type"])].model_validate(event)


def test_the_tenant_row_names_exactly_the_types_that_are_sent() -> None:
    rows = yaml.safe_load((PACK / "tenants.yaml").read_text())
    sent = Counter(str(event["event_type"]) for event in company.events(END))
    assert sorted(rows["tenants"]["demo"]["sends"]) == sorted(sent)
    assert rows["release"] == 1


def test_an_end_that_is_no_midnight_of_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="no midnight of UTC"):
        next(company.events(END + timedelta(hours=1)))
    with pytest.raises(ValueError, match="no time zone"):
        next(company.events(END.replace(tzinfo=None)))
    east = timezone(timedelta(hours=2))
    assert next(company.events(datetime(2026, 11, 16, 2, tzinfo=east))) == next(company.events(END))


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end:%A}")
class TestQuietAccountsGiveNoReasonForAnAlert:
    def test_usage_never_falls_by_a_seventh_and_never_stops(self, end: datetime) -> None:
        for account in quiet_accounts() - HOLIDAYS:
            history = histories(end)[account]
            assert history.deepest_drop() > 0.86, account
            assert longest_gap(history.days("usage.recorded")) < 5, account

    def test_customers_are_heard_from_at_least_every_fortnight(self, end: datetime) -> None:
        for account in quiet_accounts() - HOLIDAYS:
            assert longest_gap(histories(end)[account].inbound()) < 13, account

    def test_no_feature_has_three_tickets_in_a_week(self, end: datetime) -> None:
        for account in quiet_accounts():
            tickets = histories(end)[account].of("ticket.created")
            for feature in {ticket["feature"] for ticket in tickets}:
                days = [ticket["day"] for ticket in tickets if ticket["feature"] == feature]
                assert all(third - first > 7 for first, third in zip(days, days[2:], strict=False)), account

    def test_nobody_of_rank_leaves(self, end: datetime) -> None:
        for account in quiet_accounts():
            assert not histories(end)[account].of("stakeholder.left"), account

    def test_every_incident_is_told_every_half_hour(self, end: datetime) -> None:
        for account in quiet_accounts():
            told = histories(end)[account].days("incident.opened", "incident.notified")
            assert all(later - earlier <= 30 / 1440 for earlier, later in pairwise(told)), account

    def test_every_measure_of_a_goal_is_on_schedule_and_none_is_overdue(self, end: datetime) -> None:
        for account in quiet_accounts():
            history = histories(end)[account]
            goals = history.of("goal.set")
            assert len(goals) == 2, account
            for goal in goals:
                start, base = goal["day"], goal["baseline"]
                points = [(start, base)]
                for point in goal["schedule"]:
                    at = (datetime.fromisoformat(point["at"]) - end) / timedelta(days=1)
                    points.append((at, point["expected"]))
                of_it = [m for m in history.of("goal.measured") if m["goal_id"] == goal["goal_id"]]
                measures = [(m["day"], m["value"]) for m in of_it]
                for day, value in measures:
                    expected = points[-1][1]
                    for (t0, v0), (t1, v1) in pairwise(points):
                        if t0 <= day < t1:
                            expected = v0 + (v1 - v0) * (day - t0) / (t1 - t0)
                    if abs(expected - base) >= 0.05 * abs(goal["target"] - base):  # before that nothing is judged
                        assert (value - base) / (expected - base) >= 0.95, (account, day)
                for at, _ in points[1:]:
                    assert at + 14 > 0 or any(at - 7 <= day <= at + 14 for day, _ in measures), account


def test_what_judges_the_quiet_accounts_does_see_the_others() -> None:
    told = histories(END)
    assert told["quillon-travel"].deepest_drop() < 0.8
    assert longest_gap(told["sable-robotics"].days("usage.recorded")) > 30
    assert longest_gap(told["northgate-freight"].inbound()) > 30


def test_times_of_day_follow_the_customers_own_working_hours() -> None:
    early = datetime(2026, 1, 1, 14, tzinfo=UTC).time()
    for event in histories(END)["lakeshore-legal"].of("usage.recorded"):
        assert datetime.fromisoformat(str(event["occurred_at"])).time() >= early
