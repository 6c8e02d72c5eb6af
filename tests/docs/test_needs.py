"""What rules need, and the order in which types are worth sending."""

from itertools import combinations

import pytest

from detector.docs.glossary import Glossary
from detector.docs.needs import Group, Needs, steps, works

NAMES = Glossary(
    matchers={
        "inbound": {"any": [{"event": "touch.logged", "direction": "inbound"}, "ticket.created"]},
        "feed": {"event": "usage.active_users", "period_days": {"at_least": 21}},
    },
    measures={
        "last_inbound": {"last_seen": "inbound"},
        "people": {"distinct": "stakeholder_id", "of": "usage.recorded"},
        "active": {"latest": "active_users", "of": "feed", "else": "people"},
        "seats": {"latest": "purchased", "of": "seats.changed"},
        "licence": {"share": "active", "over": "seats"},
        "known": {"people": "known"},
    },
    families={},
)
LICENCE = [Group({"usage.active_users", "usage.recorded"}), Group({"seats.changed"})]


@pytest.mark.parametrize(
    ("row", "needs"),
    [
        ({"measure": "last_inbound"}, [Group({"touch.logged", "ticket.created"})]),
        ({"once": "feed"}, [Group({"usage.active_users"})]),
        ({"measure": "licence"}, LICENCE),
        ({"measure": "known"}, [Group({"stakeholder.updated"})]),
        ({"measure": "seats", "while": {"also": {"known": {"at_least": 2}}}},
         [Group({"seats.changed"}), Group({"stakeholder.updated"})]),
        ({"once": "ticket.created", "while": {"goal": "open", "between": {"after": "incident.opened", "until": "x.y"}}},
         [Group({"ticket.created"}), Group({"goal.set"}), Group({"incident.opened"})]),
        ({"signals": [{"measure": "seats", "at_least": 1}, {"silent": "last_inbound", "for": "60d"}]},
         [Group({"seats.changed", "touch.logged", "ticket.created"})]),
        ({"all": [{"signal": "other"}, {"state": "owner", "holds": False}, {"index": {"below": 70}}]},
         [Group({"usage.recorded"}), Group({"owner.assigned", "account.updated"})]),
        ({"all": [{"any": [{"measure": "seats"}, {"all": [{"measure": "known"}]}]}]},
         [Group({"seats.changed", "stakeholder.updated"})]),
        ({"operator": "trend"}, []),
    ],
)  # fmt: skip
def test_a_rule_needs_one_type_of_each_thing(row: dict[str, object], needs: list[Group]) -> None:
    assert Needs(NAMES, {"rule": row, "other": {"once": "usage.recorded"}}).of("rule") == needs


def test_what_arms_a_rule_is_needed_too_and_a_wider_group_asks_for_nothing_more() -> None:
    needs = Needs(NAMES, {"rule": {"measure": "last_inbound"}})
    assert needs.of("rule", [Group({"ticket.created"})]) == [Group({"ticket.created"})]


def test_a_rule_works_when_one_of_each_group_is_sent() -> None:
    assert works(LICENCE, frozenset({"usage.recorded", "seats.changed"}))
    assert not works(LICENCE, frozenset({"usage.recorded", "usage.active_users"}))


def test_each_step_makes_the_most_rules_work_a_type_and_the_last_one_all() -> None:
    needs = {
        "a": [Group({"x.one"})],
        "b": [Group({"x.one", "x.two"})],
        "c": [Group({"x.three"}), Group({"x.four"})],
        "d": [Group({"x.three"}), Group({"x.five"})],
        "e": [],
    }
    found = steps(needs)
    assert [(step.types, step.rules) for step in found] == [
        (("x.one",), ("a", "b")),
        (("x.five", "x.four", "x.three"), ("c", "d")),
    ]


def test_no_set_as_small_as_the_first_step_makes_more_rules_work() -> None:
    needs = {f"rule.{number}": [Group({f"x.{number % 3}"}), Group({f"x.{3 + number % 2}"})] for number in range(6)}
    first = steps(needs)[0]
    types = {name for groups in needs.values() for group in groups for name in group}
    best = max(
        sum(works(groups, frozenset(sent)) for groups in needs.values())
        for sent in combinations(sorted(types), len(first.types))
    )
    assert len(first.rules) == best


def test_between_equals_goes_what_more_rules_are_about_and_then_what_is_written_first() -> None:
    needs = {"a": [Group({"x.a", "x.b"})], "b": [Group({"x.b"}), Group({"x.c"})]}
    assert steps(needs)[0].types == ("x.b",)
    names = Glossary({"progress": {"any": ["x.written_first", "x.another"]}}, {}, {})
    known = Needs(names, {"rule": {"once": "progress"}})
    assert steps({"rule": known.of("rule")}, known.ranks)[0].types == ("x.written_first",)
