"""Every rule's timelines, through the core alone: each transition at its minute, no other."""

import pytest

from detector.backtest.timelines import compare, kinds_missing, run
from detector.catalogue.pack import load_examples, load_plan
from detector.catalogue.timeline import Timeline

PLAN = load_plan()
EXAMPLES = load_examples()
TIMELINES = [timeline for timelines in EXAMPLES.values() for timeline in timelines]


@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda timeline: f"{timeline.rule}: {timeline.name}")
def test_the_rule_says_what_its_timeline_expects(timeline: Timeline) -> None:
    assert compare(timeline, run(timeline, PLAN)).differences == ()


@pytest.mark.parametrize("rule_id", EXAMPLES)
def test_every_rule_opens_nearly_opens_and_clears(rule_id: str) -> None:
    assert kinds_missing(EXAMPLES[rule_id]) == []
