"""Strata: a rule comes after all that it names, and no circle is taken."""

import msgspec
import pytest

from detector.catalogue.load import Document, PackError
from detector.catalogue.pack import BUILT_IN, RULES_FILE, load_plan
from detector.catalogue.strata import stratified
from detector.domain.plan import Rule
from tests.domain.test_strata import While

RULES = load_plan().rules


def named(**names: str) -> tuple[Rule, ...]:
    """The built-in rules, of which some (`.` as `_`) name another."""
    operators = {rule: While(name) for rule, name in names.items()}
    return tuple(
        msgspec.structs.replace(rule, operator=operators.get(rule.id.replace(".", "_"), rule.operator))
        for rule in RULES
    )


def strata(rules: tuple[Rule, ...]) -> dict[str, int]:
    return {rule.id: rule.stratum for rule in stratified(Document(BUILT_IN / RULES_FILE), rules)}


def test_rules_over_measures_are_the_first_stratum() -> None:
    assert set(strata(tuple(rule for rule in RULES if not rule.operator.names)).values()) == {1}


def test_the_index_and_families_are_worked_out_after_the_first_stratum() -> None:
    found = strata(named(usage_dark="index", usage_drop="family:support", sponsor_left="usage.dark"))
    assert (found["usage.dark"], found["usage.drop"], found["sponsor.left"]) == (2, 2, 3)


def test_a_circle_is_told_with_its_place() -> None:
    with pytest.raises(
        PackError, match=r"value_decay\.yaml:\d+: rule usage\.(dark|drop): a rule cannot wait for what it says"
    ):
        strata(named(usage_dark="usage.drop", usage_drop="usage.dark"))


def test_a_rule_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    with pytest.raises(PackError, match=r"rule usage\.dark: no rule 'usage\.drp'; did you mean 'usage\.drop'\?"):
        strata(named(usage_dark="usage.drp"))
