"""A row in plain words: every figure and name of it is told, and a word without a sentence is told by its name."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from detector.catalogue.compiler import section_of
from detector.catalogue.inventory import take_inventory
from detector.catalogue.pack import load_rules
from detector.docs.conditions import Conditions
from detector.docs.family import SOURCES, claim_of
from detector.docs.glossary import Glossary, subject
from detector.docs.phrases import Told, told
from detector.docs.text import anchor, bounds, either, moment, number, one, plain, share, span, state, words

ENTRIES = {entry.id: entry for entry in take_inventory().entries}
FLAGS = {
    *("open", "outcome", "first", "none", "same_role", "other", "daily", "business", "window_before", "value_before"),
    *("named", "mid", "start"),
}
"""Words that choose a sentence and stand in none."""


def glossary() -> Glossary:
    document = load_rules().document
    families = {entry.id: entry.row["family"] for entry in ENTRIES.values()}
    return Glossary(section_of(document, "matchers"), section_of(document, "measures"), families)


SAY = Conditions(glossary())


def said(row: Mapping[str, Any]) -> Told:
    return told(row, SAY, None)


def text_of(row: Mapping[str, Any]) -> str:
    found = said(row)
    return "\n".join([*(f"{severity}: {text}" for severity, text in found.opens), *found.notes, found.clears])


def leaves(part: Any, word: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, Mapping):
        for name, inner in part.items():
            yield from leaves(inner, name)
    elif isinstance(part, list):
        for inner in part:
            yield from leaves(inner, word)
    else:
        yield word, part


@pytest.mark.parametrize("rule_id", ENTRIES)
def test_every_figure_and_name_of_a_row_is_told(rule_id: str) -> None:
    row = ENTRIES[rule_id].row
    text = text_of(row)
    elsewhere = {"title", "explain", "over", "action", "why", "examples", "family", "operator", "polarity", "version"}
    for word, value in leaves({name: part for name, part in row.items() if name not in elsewhere}):
        if isinstance(value, bool) or value in FLAGS or word in ("keep", "per", "subject"):
            continue
        if (word, value) in (("at_most", 0), ("below", 1), ("at_least", 1)):  # no such thing; any of them
            continue
        forms = {str(value), span(value), number(value), share(value), "One step" if value == 1 else str(value)}
        forms |= {share(-value)} if isinstance(value, float) else set()  # going down
        if isinstance(value, str):
            forms |= {words(value), words(value).capitalize(), value.replace("_", "-"), SAY.names.missed(value)}
            forms |= {moment(value), state(value), subject(value)}
        assert any(form in text for form in forms), f"{word}: {value} is not told in: {text}"


@pytest.mark.parametrize("rule_id", ENTRIES)
def test_a_row_is_told_without_a_gap(rule_id: str) -> None:
    text = text_of(ENTRIES[rule_id].row)
    for gap in ("  ", "a a ", "an an ", "{", " ,", "None", "[]", "()", "with with", "at at"):
        assert gap not in text, text


@pytest.mark.parametrize("rule_id", ENTRIES)
def test_every_claim_names_a_source_that_is_listed(rule_id: str) -> None:
    claim, sources = claim_of(ENTRIES[rule_id].row["why"])
    assert claim
    assert {source.split()[0] for source in sources.split(", ")} <= set(SOURCES)


def test_a_word_that_has_no_sentence_is_told_by_its_name() -> None:
    row = {
        "operator": "silence",
        "measure": "last_usage",
        "opens": [{"severity": "warn", "after": "15d", "unheard_of": "3d"}],
        "also_new": {"some_word": [1, 2]},
        "clears": {"newly": "7d"},
    }
    assert text_of(row) == (
        "warn: after 15 days without a [usage](words.md#usage) event, unheard of: 3 days\n"
        "Also new: some word 1 or 2.\n"
        "newly: 7 days"
    )


def test_an_operator_that_is_not_known_is_told_by_its_words() -> None:
    row = {"operator": "tide", "opens": [{"severity": "high", "rises_by": 0.5}]}
    assert said(row).opens == [("high", "rises by: 0.5")]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (span("1bd"), "1 business day"),
        (span("14d"), "14 days"),
        (span("soon"), "soon"),
        (share(0.3333), "33.3%"),
        (share("most"), "most"),
        (number(1000), "1,000"),
        (number(0.5), "0.5"),
        (number(True), "yes"),
        (words("tickets_7d"), "tickets in 7 days"),
        (words("rows_weeks"), "rows by week"),
        (either(["a", "b", "c"]), "a, b or c"),
        (either([]), ""),
        (one("[usage](words.md#usage) event"), "a [usage](words.md#usage) event"),
        (one("`incident.opened`"), "an `incident.opened`"),
        (bounds({"at_least": 3, "below": 5}), "at least 3 and under 5"),
        (plain({"a_b": [True, "7d"]}), "a b yes or 7 days"),
        (anchor("goal.behind_schedule"), "goalbehind_schedule"),
    ],
)
def test_small_words(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize("name", SAY.names.measures)
def test_every_figure_and_name_of_a_measure_is_told(name: str) -> None:
    row = {word: part for word, part in SAY.names.measures[name].items() if word not in ("in", "keep", "fields")}
    text = SAY.names.kept(row)
    assert text
    for word, value in leaves(row):
        forms = {str(value), span(value).removeprefix("1 "), number(value), plain(value)}
        if isinstance(value, str):
            forms |= {words(value), moment(value), subject(value), f"{subject(value)}s", SAY.names.matcher(value)}
            forms |= {"people", "actions"}
        assert any(form in text for form in forms), f"{word}: {value} is not told in: {text}"


@pytest.mark.parametrize("name", SAY.names.matchers)
def test_every_event_and_value_of_a_matcher_is_told(name: str) -> None:
    what = SAY.names.matchers[name]
    text = SAY.names.events(what)
    for _, value in leaves(what):
        assert str(value).lower() in text.lower() or isinstance(value, bool | float), f"{value} is not told in: {text}"


def test_a_word_of_a_measure_that_has_no_sentence_is_told_by_its_name() -> None:
    assert SAY.names.kept({"tally": "inbound", "of": "usage", "newly": "7d"}) == "tally: inbound; newly: 7 days"


@pytest.mark.parametrize(
    ("row", "keep_days", "clears"),
    [
        ({"operator": "threshold", "once": "usage", "clears": {"lasts": "30d"}}, 7, "30 days after the last time"),
        ({"operator": "threshold", "once": "usage", "clears": {"seen": "last_usage", "lasts": "30d"}}, 7,
         "with a [usage](words.md#usage) event, and is resolved after 7 days of that; or 30 days after the last time"),
        ({"operator": "obligation", "after": {"event": "review.held"}, "expect": {"event": "action.opened"}}, 0,
         "with an `action.opened`"),
        ({"operator": "obligation", "after": {"event": "ticket.created"}, "expect": {"event": "ticket.resolved"},
          "clears": {"lasts": "14d"}}, 0, "14 days after a `ticket.resolved`"),
        ({"operator": "silence", "measure": "last_usage"}, 7,
         "with a [usage](words.md#usage) event, and is resolved after 7 days of that"),
        ({"operator": "change", "measure": "actions", "clears": {"at_least": 0.9}}, 7,
         "with 90% of the usual or more, and is resolved after 7 days of that"),
        ({"operator": "conjunction"}, 0, "when it has not held for a whole window"),
    ],
)  # fmt: skip
def test_how_a_rule_clears(row: dict[str, Any], keep_days: int, clears: str) -> None:
    assert told({"within": "5bd", "opens": [], **row}, SAY, keep_days * 86_400_000).clears == clears
