"""Every rule of the page of rules is in the pack, once, with its figures."""

from collections import Counter
from typing import Any

import pytest

from detector.catalogue.inventory import Entry, take_inventory

INVENTORY = take_inventory()

# Written by hand from the page, section by section: a rule that is lost from the files must be missed here.
OUTCOMES = """
goal.behind_schedule goal.unmeasured goal.achieved_unseen goal.wrong_outcome goal.missing goal.promise_lost
goal.unmeasurable goal.unreviewed goal.role_missing value.gap value.role_gap value.unproven_green value.silent_green
index.falling index.drop index.plateau
"""
ADOPTION = """
usage.drop usage.slide usage.dark usage.person_drop usage.narrowing golive.low_adoption licence.underused
training.incomplete release.untold release.unused release.found_first release.lull integration.removed data.exported
"""
SUPPORT = """
support.flood support.slow_response support.unanswered support.canned support.poor_experience support.escalated
support.volume incident.untold incident.no_followup incident.slow_ticket survey.unanswered survey.contradicted
interaction.negative sentiment.snowball
"""
RELATIONSHIP = """
contact.dark sponsor.silent sponsor.left contact.single_threaded contact.neglect feedback.single_view feedback.stale
stakeholder.roles_missing owner.missing owner.unintroduced touch.unplanned pulse.stale review.no_actions action.overdue
crm.disconnect assessment.at_risk
"""
ONBOARDING = """
onboarding.irritation onboarding.stalled onboarding.kickoff_late onboarding.unstaffed onboarding.reschedules
milestone.overdue milestone.missed_quiet expectation.unsent
"""
COMMERCIAL = """
seats.cut package.off spend.drop payment.failed invoice.overdue downgrade.requested price.objection
competitor.mentioned
"""
GOOD = {
    "goal.celebrate": "outcomes",
    "account.growing": "adoption",
    "licence.full": "adoption",
    "index.righted": "outcomes",
}
FAMILIES = {
    **dict.fromkeys(OUTCOMES.split(), "outcomes"),
    **dict.fromkeys(ADOPTION.split(), "adoption"),
    **dict.fromkeys(SUPPORT.split(), "support"),
    **dict.fromkeys(RELATIONSHIP.split(), "relationship"),
    **dict.fromkeys(ONBOARDING.split(), "onboarding"),
    **dict.fromkeys(COMMERCIAL.split(), "commercial"),
    **GOOD,
}


def entry(rule_id: str) -> Entry:
    return INVENTORY.entry(rule_id)


def ladder(rule_id: str, word: str) -> list[tuple[str, Any]]:
    return [(step["severity"], step[word]) for step in entry(rule_id).row["opens"] if word in step]


def test_every_rule_of_the_page_is_there_once_and_no_other() -> None:
    assert len(FAMILIES) == 80
    assert Counter(one.id for one in INVENTORY.entries) == Counter(list(FAMILIES))


def test_a_rule_that_is_lost_from_the_files_is_missed() -> None:
    left = [one.id for one in INVENTORY.entries if one.id != "value.gap"]
    assert Counter(left) != Counter(list(FAMILIES))


def test_every_rule_is_in_its_family_and_good_news_is_good() -> None:
    assert {one.id: one.row["family"] for one in INVENTORY.entries} == FAMILIES
    good = {one.id for one in INVENTORY.entries if one.row.get("polarity") == "good"}
    assert good == set(GOOD)
    assert {entry(rule_id).severities for rule_id in GOOD} == {"info"}


OPERATORS = {
    "threshold": """
        golive.low_adoption licence.underused training.incomplete release.found_first integration.removed data.exported
        support.flood support.canned support.escalated support.volume interaction.negative sponsor.left
        contact.single_threaded feedback.single_view stakeholder.roles_missing touch.unplanned assessment.at_risk
        onboarding.reschedules package.off payment.failed downgrade.requested competitor.mentioned licence.full
    """,
    "change": "usage.drop usage.slide usage.person_drop usage.narrowing seats.cut spend.drop account.growing",
    "silence": """
        goal.unreviewed value.gap value.role_gap usage.dark release.lull contact.dark sponsor.silent feedback.stale
        pulse.stale onboarding.stalled
    """,
    "attainment": "goal.behind_schedule",
    "snowball": "sentiment.snowball",
    "trend": "index.falling index.drop index.plateau index.righted",
    "conjunction": """
        goal.wrong_outcome value.unproven_green value.silent_green support.poor_experience survey.contradicted
        contact.neglect crm.disconnect onboarding.irritation price.objection
    """,
    "obligation": """
        goal.unmeasured goal.achieved_unseen goal.missing goal.promise_lost goal.unmeasurable goal.role_missing
        release.untold release.unused support.slow_response support.unanswered incident.untold incident.no_followup
        incident.slow_ticket survey.unanswered owner.missing owner.unintroduced review.no_actions action.overdue
        onboarding.kickoff_late onboarding.unstaffed milestone.overdue milestone.missed_quiet expectation.unsent
        invoice.overdue goal.celebrate
    """,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_rule_has_the_operator_of_the_page(operator: str) -> None:
    found = {one.id for one in INVENTORY.entries if one.row["operator"] == operator}
    assert found == set(OPERATORS[operator].split())


SEVERITIES = {
    "critical": "usage.dark contact.dark sponsor.left index.drop",
    "info": "index.plateau interaction.negative",
    "high": """
        goal.behind_schedule goal.achieved_unseen goal.wrong_outcome index.drop usage.drop golive.low_adoption
        licence.underused integration.removed data.exported support.flood support.poor_experience incident.untold
        incident.slow_ticket sentiment.snowball contact.dark sponsor.silent sponsor.left onboarding.irritation
        onboarding.stalled milestone.overdue seats.cut package.off invoice.overdue downgrade.requested price.objection
    """,
    "watch": """
        goal.behind_schedule goal.unmeasurable goal.unreviewed goal.role_missing value.role_gap index.falling usage.drop
        usage.narrowing licence.underused training.incomplete release.unused release.found_first
        release.lull support.volume sponsor.silent feedback.single_view feedback.stale stakeholder.roles_missing
        owner.unintroduced touch.unplanned pulse.stale expectation.unsent payment.failed price.objection
    """,
}


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_severity_is_given_where_the_page_gives_it(severity: str) -> None:
    found = {one.id for one in INVENTORY.entries if severity in one.severities.split(", ")}
    assert found - set(GOOD) == set(SEVERITIES[severity].split())


@pytest.mark.parametrize(
    ("rule_id", "word", "expected"),
    [
        ("goal.unreviewed", "after", [("watch", "90d"), ("warn", "180d"), ("watch", "14d")]),
        ("index.drop", "fall", [("warn", {"points": 15, "over": "7d"}), ("high", {"points": 25, "over": "7d"})]),
        ("usage.drop", "drop", [("watch", 0.15), ("warn", 0.2), ("high", 0.5)]),
        ("usage.dark", "after", [("warn", "15d"), ("critical", "30d")]),
        ("sponsor.silent", "after", [("watch", "60d"), ("high", "90d")]),
        ("contact.dark", "after", [("warn", "14d"), ("high", "21d"), ("critical", "30d"), ("warn", "14d")]),
        ("support.volume", "at_least", [("watch", 2), ("warn", 5)]),
        ("sentiment.snowball", "at_least", [("warn", 5), ("high", 8)]),
        ("onboarding.stalled", "after", [("warn", "5bd"), ("high", "10bd")]),
        ("milestone.overdue", "after", [("high", "10bd")]),
        ("invoice.overdue", "after", [("high", "60d")]),
        ("seats.cut", "drop", [("high", 0.1)]),
        ("spend.drop", "drop", [("warn", 0.2)]),
        ("account.growing", "rise", [("info", 0.6)]),
        ("licence.full", "at_least", [("info", 0.9)]),
        ("support.poor_experience", "at_least", [("warn", 1), ("high", 2)]),
        ("licence.underused", "below", [("high", 0.1), ("watch", 0.5), ("high", 0.5), ("watch", 0.75), ("warn", 0.75)]),
    ],
)
def test_the_rungs_are_those_of_the_page(rule_id: str, word: str, expected: list[tuple[str, Any]]) -> None:
    assert ladder(rule_id, word) == expected


WITHIN = {
    "goal.unmeasured": "14d",
    "goal.achieved_unseen": "14d",
    "goal.missing": "14d",
    "goal.promise_lost": "30d",
    "goal.unmeasurable": "14d",
    "goal.role_missing": "60d",
    "release.untold": "14d",
    "release.unused": "30d",
    "support.slow_response": {"by": {"priority": {"urgent": "1h", "high": "4h", "normal": "1bd", "low": "1bd"}}},
    "support.unanswered": "1bd",
    "incident.untold": "30m",
    "incident.no_followup": "5bd",
    "incident.slow_ticket": {"of": "support.slow_response", "times": 0.5},
    "survey.unanswered": "2bd",
    "owner.missing": "2bd",
    "owner.unintroduced": "10bd",
    "review.no_actions": "5bd",
    "action.overdue": "30d",
    "onboarding.kickoff_late": "14d",
    "onboarding.unstaffed": "5bd",
    "milestone.overdue": "2bd",
    "milestone.missed_quiet": "1bd",
    "expectation.unsent": "5bd",
    "invoice.overdue": "30d",
    "goal.celebrate": "7d",
}


def test_every_obligation_has_the_limit_of_the_page() -> None:
    found = {one.id: one.row["within"] for one in INVENTORY.entries if one.row["operator"] == "obligation"}
    assert found == WITHIN


LASTS = {
    "integration.removed": "30d",
    "data.exported": "30d",
    "support.slow_response": "14d",
    "support.canned": "14d",
    "support.escalated": "14d",
    "incident.slow_ticket": "14d",
    "interaction.negative": "14d",
    "assessment.at_risk": "90d",
    "onboarding.reschedules": "14d",
    "seats.cut": "30d",
    "package.off": "30d",
    "payment.failed": "30d",
    "downgrade.requested": "30d",
    "competitor.mentioned": "30d",
    "account.growing": "90d",
    "index.righted": "30d",
}


def test_what_ends_by_the_calendar_ends_when_the_page_says() -> None:
    clears = {one.id: one.row.get("clears", {}) for one in INVENTORY.entries}
    assert {rule_id: words["lasts"] for rule_id, words in clears.items() if "lasts" in words} == LASTS


def test_figures_that_stand_in_words_of_their_own() -> None:
    slide = entry("usage.slide").row
    assert slide["opens"][0]["cusum"] == {
        "k": 1,
        "h": 8,
        "reference": {"same_weekday": "20bd"},
        "times_mad": 1.4826,
        "least_sd": 0.1,
    }
    assert slide["clears"] == {"at_least": 0.95, "last": "10bd", "keep": "7d"}
    snowball = entry("sentiment.snowball").row
    assert (snowball["half_life"], snowball["clears"]) == ("14d", {"below": 3})
    assert snowball["weights"] == {"role": {"executive": 3, "sponsor": 3, "champion": 2}, "others": 1}
    assert snowball["cells"] == {"fields": ["role", "department"], "window": "30d", "each": 0.5}
    gap = entry("value.gap").row["opens"][0]["after"]
    assert gap == {"by": {"touch_model": {"high": "30d", "mid": "60d", "tech": "90d"}}, "default": "mid"}
    green = entry("value.unproven_green").row
    assert green["all"] == [{"index": {"at_least": 75}, "for": "14d"}]
    assert green["clears"] == {"signals": "none", "any": [{"index": {"below": 70}}]}


@pytest.mark.parametrize(("rule_id", "lasts"), [("onboarding.irritation", "14d"), ("price.objection", "30d")])
def test_the_signs_of_a_conjunction_last_as_long_as_the_page_says(rule_id: str, lasts: str) -> None:
    row = entry(rule_id).row
    assert {sign["lasts"] for sign in row["signals"]} == {lasts}
    assert row["clears"] == {"not_so": True, "keep": "0d"}
