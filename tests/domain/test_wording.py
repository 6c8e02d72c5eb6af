"""Words that go with numbers: of one of it too."""

from string import Formatter

import pytest

from detector.domain.events import AccountUpdated, SurveyResponded, TicketSlaBreached
from detector.domain.operators.obligation import Obligation
from detector.domain.verdict import Verdict
from detector.domain.wording import amount, told
from tests.domain.world import DAY, HOUR, PLAN, Story


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 day"), (1.0, "1 day"), ("1", "1 day"), (0, "0 days"), (2, "2 days"), (1.5, "1.5 days"), (-1, "-1 days")],
)
def test_one_is_one_and_all_others_are_many(number: float | str, said: str) -> None:
    assert amount(number, "day") == said


def test_a_template_says_the_word_that_goes_with_its_number() -> None:
    template = "{n:person is|people are} active on {m:licence|licences} of {who}"
    assert told(template, {"n": 1, "m": "1", "who": "acme"}) == "1 person is active on 1 licence of acme"
    assert told(template, {"n": 2, "m": 0, "who": None}) == "2 people are active on 0 licences of None"
    assert told("{n:is|are}", {"n": "an unknown number of"}) == "an unknown number of are"


TEMPLATES = [(rule.id, text) for rule in PLAN.rules for text in (rule.explain, rule.over)]


@pytest.mark.parametrize(("rule_id", "template"), TEMPLATES, ids=[rule_id for rule_id, _ in TEMPLATES])
def test_no_explanation_counts_one_as_many(rule_id: str, template: str) -> None:
    """A number that may be one has its word with it: none stands before a plural of its own."""
    parts = list(Formatter().parse(template))
    said = told(template, {name: "1" for _, name, _, _ in parts if name is not None})
    for (_, name, form, _), (after, *_) in zip(parts, [*parts[1:], ("",)], strict=True):
        word = (f"{after} ".split(" ")[1] if str(after).startswith(" ") else "").rstrip(".,;:)")
        if name in COUNTED and not form:
            assert not word.endswith("s") or word in SINGULAR, (rule_id, said)
            assert word not in ("people", "were"), (rule_id, said)


COUNTED = {"count", "observed", "expected", "days", "points", "negatives", "cells", "holidays"} | {
    name for rule in PLAN.rules for _, name, _, _ in Formatter().parse(rule.explain) if name and name[-1] in "ds"
} - {"signals"}
SINGULAR = {"was", "is", "has", "across"}


def test_one_bad_sign_is_one() -> None:
    story = Story()(0, AccountUpdated, segment="smb")
    story(60 * DAY, SurveyResponded, survey_type="csat", score=1.0, scale_min=1.0, scale_max=5.0)
    alert = story.world(until=61 * DAY).of("support.poor_experience")[0]
    assert alert.explanation.startswith("1 bad sign from support in 30 days: ")
    for hour in range(2):
        story(60 * DAY + (hour + 1) * HOUR, TicketSlaBreached, ticket_id="t")
    alert = story.world(until=61 * DAY).of("support.poor_experience")[-1]
    assert alert.explanation.startswith("2 bad signs from support in 30 days: ")


@pytest.mark.parametrize(("hours", "unit"), [(24, "day"), (48, "days")])
def test_what_is_owed_for_one_day_is_owed_for_one_day(hours: int, unit: str) -> None:
    operator = next(rule for rule in PLAN.rules if rule.id == "owner.missing").operator
    assert isinstance(operator, Obligation)
    verdict = Verdict()
    operator._count(verdict, 48 * HOUR, hours * HOUR)
    assert verdict.numbers["unit"] == unit
    assert verdict.evidence[0].unit == "days"
