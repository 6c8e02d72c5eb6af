"""Each story holds the facts that it claims, worked out by hand and without the detector, whatever the weekday."""

from datetime import datetime
from itertools import pairwise
from math import floor

import pytest

from detector.demo.accounts import CUSTOMERS
from detector.demo.goals import CHAMPIONS
from detector.demo.stories import STORIES
from detector.demo.stream import record_time
from tests.demo.histories import ENDS, History, histories, longest_gap

RULES = {
    "usage.dark",
    "incident.untold",
    "goal.behind_schedule",
    "goal.achieved_unseen",
    "usage.drop",
    "support.flood",
    "sponsor.left",
    "contact.dark",
    "usage.slide",
    "usage.person_drop",
    "usage.narrowing",
    "support.slow_response",
    "support.unanswered",
    "interaction.negative",
    "sentiment.snowball",
    "onboarding.stalled",
    "milestone.overdue",
    # what comes with them
    "goal.unmeasured",
    "licence.underused",
    "stakeholder.roles_missing",
    "support.volume",
}
"""The rules that the stories show."""
every_weekday = pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end:%A}")


def measured(history: History, evidence: str | None = None) -> list[tuple[int, float]]:
    """The measures of the sponsor's goal; every champion has one too, in every story on schedule."""
    return [
        (floor(m["day"]), m["value"])
        for m in history.of("goal.measured")
        if m["goal_id"] != CHAMPIONS.goal_id and evidence in (None, m["evidence"])
    ]


def test_the_stories_show_these_rules_and_every_story_has_an_account_of_its_own() -> None:
    assert {rule for story in STORIES for rule in story.rule_ids} == RULES
    accounts = [story.account_id for story in STORIES]
    assert len(set(accounts)) == len(accounts)
    assert set(accounts) <= {customer.account_id for customer in CUSTOMERS}
    assert sum(story.quiet for story in STORIES) >= 4


@every_weekday
class TestStories:
    def test_brightwater_has_saved_two_and_a_half_percent_where_five_were_expected(self, end: datetime) -> None:
        history = histories(end)["brightwater-logistics"]
        (goal,) = (goal for goal in history.of("goal.set") if goal["goal_id"] != CHAMPIONS.goal_id)
        first = next(m for m in history.of("goal.measured") if m["goal_id"] == goal["goal_id"])
        assert goal["schedule"][0]["expected"] == 5.0
        assert goal["schedule"][0]["at"][:10] == str(first["occurred_at"])[:10]
        assert measured(history)[0] == (-85, 2.5)
        assert history.weeks(-1) > 1.15 * history.weeks(-148), "and yet usage grows"

    def test_verdant_farms_has_nothing_measured_around_its_second_date(self, end: datetime) -> None:
        history = histories(end)["verdant-farms"]
        assert measured(history, "measured") == [(-111, 14.7)]

    def test_ostrava_steel_is_at_three_quarters_of_its_schedule_and_renews_within_90_days(self, end: datetime) -> None:
        history = histories(end)["ostrava-steel"]
        assert measured(history)[-1] == (-12, 6.68)
        expected = 6.8 - (6.8 - 6.0) * 38 / 60
        assert 0.7 < (8.0 - 6.68) / (8.0 - expected) < 0.8
        renewal = datetime.fromisoformat(f"{history.of('account.updated')[-1]['renewal_date']}T00:00:00+00:00")
        assert 30 < (renewal - end).days + 12 <= 90

    def test_orchard_payments_met_its_target_and_only_an_analyst_knows(self, end: datetime) -> None:
        history = histories(end)["orchard-payments"]
        assert next(day for day, value in measured(history) if value <= 25.0) == -40
        assert [event["role"] for event in history.of("goal.acknowledged")] == ["end_user"]

    def test_the_sponsor_of_juniper_acknowledged_within_a_fortnight(self, end: datetime) -> None:
        history = histories(end)["juniper-analytics"]
        assert next(day for day, value in measured(history) if value <= 30.0) == -40
        (seen,) = history.of("goal.acknowledged")
        assert (seen["role"], floor(seen["day"])) == ("sponsor", -31)

    def test_nobody_speaks_with_a_sponsor_of_halcyon_after_the_sponsor_left(self, end: datetime) -> None:
        history = histories(end)["halcyon-media"]
        assert [floor(day) for day in history.days("stakeholder.left")] == [-9]
        assert not [e for e in history.events if e.get("role") == "sponsor" and e["day"] > -8.5]

    def test_the_successor_at_meridian_was_met_within_a_week(self, end: datetime) -> None:
        history = histories(end)["meridian-clinics"]
        left = history.days("stakeholder.left")[0]
        new = [e for e in history.of("touch.logged") if e.get("stakeholder_id") == "meridian-clinics:new-sponsor"]
        assert left < new[0]["day"] < left + 8
        assert new[0]["outcome"] == "held"

    def test_the_outage_of_tidewater_is_neither_told_nor_over(self, end: datetime) -> None:
        history = histories(end)["tidewater-energy"]
        assert len(history.of("incident.opened")) == 1
        assert not history.of("incident.notified", "incident.resolved")

    def test_the_notice_of_larkspur_came_in_time_and_was_recorded_too_late(self, end: datetime) -> None:
        history = histories(end)["larkspur-hotels"]
        opened, first = history.of("incident.opened")[0], history.of("incident.notified")[0]
        minutes = (first["day"] - opened["day"]) * 1440
        known = datetime.fromisoformat(record_time(first)) - datetime.fromisoformat(str(opened["occurred_at"]))
        assert minutes == pytest.approx(11)
        assert known.total_seconds() / 60 == 35

    def test_two_people_at_pinnacle_filed_six_tickets_on_exports_within_a_week(self, end: datetime) -> None:
        history = histories(end)["pinnacle-insurance"]
        flood = [t for t in history.of("ticket.created") if t["day"] > -25]
        assert [t["feature"] for t in flood] == ["export"] * 6
        assert flood[-1]["day"] - flood[0]["day"] < 7
        assert len({t["stakeholder_id"] for t in flood[:3]}) == 1
        assert len({t["stakeholder_id"] for t in flood}) == 2

    def test_northgate_has_not_been_heard_of_for_a_month_in_spite_of_six_attempts(self, end: datetime) -> None:
        history = histories(end)["northgate-freight"]
        last = max(history.inbound())
        assert -37.5 < last < -34
        since = [t for t in history.of("touch.logged") if t["day"] > last]
        assert len(since) == 6
        assert {t["outcome"] for t in since} == {"none", "no_show"}
        assert sum(t["day"] < last + 14 for t in since) >= 3
        assert history.weeks(-1) > 0.9 * history.weeks(-43), "and yet they use the product"

    def test_nobody_at_sable_has_used_the_product_for_a_month_and_they_still_write(self, end: datetime) -> None:
        history = histories(end)["sable-robotics"]
        assert -36 < max(history.days("usage.recorded", "docs.viewed")) < -33
        assert longest_gap(history.inbound()) < 14

    def test_usage_of_ferrous_is_less_than_half_of_what_it_was(self, end: datetime) -> None:
        history = histories(end)["ferrous-metals"]
        assert 0.35 < history.weeks(-1) / history.weeks(-29) < 0.5

    def test_usage_of_lumen_halved_and_is_back(self, end: datetime) -> None:
        history = histories(end)["lumen-education"]
        assert 0.35 < history.weeks(-50) / history.weeks(-80) < 0.5
        assert 0.95 < history.weeks(-1) / history.weeks(-80) < 1.15

    def test_usage_of_quillon_is_down_by_a_third_and_the_renewal_25_days_away(self, end: datetime) -> None:
        history = histories(end)["quillon-travel"]
        assert 0.6 < history.weeks(-1) / history.weeks(-22) < 0.75
        renewal = datetime.fromisoformat(f"{history.of('account.updated')[-1]['renewal_date']}T00:00:00+00:00")
        assert (renewal - end).days == 25

    def test_linden_is_silent_for_longer_than_15_days_all_but_three_of_them_holidays_told_ahead(
        self, end: datetime
    ) -> None:
        history = histories(end)["linden-textiles"]
        silent = -max(history.days("usage.recorded", "docs.viewed"))
        assert 15 < silent < 20
        told = next(event for event in history.of("account.updated") if "holidays" in event)
        off = sum(datetime.fromisoformat(f"{day}T00:00:00+00:00") < end for day in told["holidays"])
        assert silent - off < 3
        assert told["day"] < -50

    def test_one_days_usage_of_kestrel_was_recorded_a_day_late(self, end: datetime) -> None:
        late = [event for event in histories(end)["kestrel-airways"].events if "_record_time" in event]
        assert len(late) >= 6
        assert len({str(event["occurred_at"])[:10] for event in late}) == 1
        assert {event["event_type"] for event in late} == {"usage.recorded"}

    def test_the_urgent_ticket_of_harbour_waited_five_hours_and_their_reply_waits_still(self, end: datetime) -> None:
        history = histories(end)["harbour-foods"]
        (urgent,) = (t for t in history.of("ticket.created") if t["priority"] == "urgent")
        said = [e for e in history.of("ticket.replied") if e["ticket_id"] == urgent["ticket_id"]]
        assert [e["author"] for e in said] == ["agent", "customer"]
        assert 5 < 24 * (said[0]["day"] - urgent["day"]) < 6

    def test_four_people_of_basalt_are_unhappy_ever_sooner_after_each_other(self, end: datetime) -> None:
        history = histories(end)["basalt-construction"]
        unhappy = [e for e in history.of("touch.logged") if e.get("sentiment", 0) < 0]
        assert [e["role"] for e in unhappy] == ["end_user", "end_user", "champion", "sponsor"]
        gaps = [later["day"] - earlier["day"] for earlier, later in pairwise(unhappy)]
        assert gaps == sorted(gaps, reverse=True)

    def test_the_onboarding_of_thistle_has_stood_still_for_three_weeks(self, end: datetime) -> None:
        history = histories(end)["thistle-hr"]
        assert max(history.days("onboarding.progressed", "milestone.done", "training.completed")) < -26
        assert not history.of("onboarding.completed")

    def test_three_tickets_of_redwood_in_a_week_are_about_three_features(self, end: datetime) -> None:
        tickets = [t for t in histories(end)["redwood-timber"].of("ticket.created") if -26 < t["day"] < -18]
        assert len(tickets) == len({t["feature"] for t in tickets}) == 3
