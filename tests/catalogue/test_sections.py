"""The shape of a pack (R2.1): matchers name fields, measures keep, rules judge by one of eight operators."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from detector.catalogue.operators import OPERATORS
from detector.catalogue.pack import BUILT_IN, RULES_FILE
from detector.domain.events import EVENT_TYPES
from tests.catalogue.written import changed, refusal

PACK: Final[dict[str, Any]] = yaml.safe_load((BUILT_IN / RULES_FILE).read_text("utf-8"))
EIGHT: Final = {"threshold", "change", "silence", "obligation", "attainment", "snowball", "trend", "conjunction"}


def test_a_pack_has_three_sections_and_a_release() -> None:
    """R2.1."""
    assert set(PACK) == {"release", "matchers", "measures", "rules"}


def test_a_fourth_section_is_refused(tmp_path: Path) -> None:
    """R2.1."""
    at = changed(tmp_path, "measures:\n", "formulas: {}\n\nmeasures:\n")
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / RULES_FILE}:{at}: ")
    assert "formulas" in message


def test_there_are_eight_operators_and_the_pack_uses_each() -> None:
    """R2.1."""
    assert set(OPERATORS) == EIGHT
    assert {row["operator"] for row in PACK["rules"].values()} == EIGHT


@pytest.mark.parametrize("operator", ["tresholds", "cusum", "formula"])
def test_another_operator_is_refused(tmp_path: Path, operator: str) -> None:
    """R2.1."""
    changed(tmp_path, "operator: silence", f"operator: {operator}")
    assert operator in refusal(tmp_path)


def test_only_a_matcher_says_what_fields_an_event_must_have(tmp_path: Path) -> None:
    """R2.1: in a rule an event stands by its type alone, or by the name of a matcher."""
    rows = [event for row in PACK["rules"].values() for event in events_in(row)]
    assert rows
    assert [row for row in rows if set(row) - {"event", "after"}] == []
    changed(tmp_path, "expect: {event: action.done}", "expect: {event: action.done, source: crm}")
    assert "give these events a name under `matchers`" in refusal(tmp_path)


def events_in(row: Any) -> list[dict[str, Any]]:
    """Every place of a rule that names an event."""
    if isinstance(row, list):
        return [found for one in row for found in events_in(one)]
    if not isinstance(row, dict):
        return []
    own = [row] if row.get("event") in EVENT_TYPES else []
    return own + [found for one in row.values() for found in events_in(one)]
