"""The page of event types says of each what an emitter must know; that it is up to date is for the drift check."""

from schemas.events import MODELS
from schemas.page import page

LINES = page().splitlines()


def row(name: str) -> str:
    (found,) = (line for line in LINES if f"[`{name}`]" in line)
    return found


def test_every_type_has_one_row() -> None:
    assert all(row(name) for name in MODELS)


def test_a_row_says_what_is_required_what_may_be_left_out_and_what_holds_then() -> None:
    assert "| `stakeholder_id` |" in row("stakeholder.left")
    assert "`survey_type` (nps\\|csat\\|ces)" in row("survey.responded")
    assert "`canned` = false" in row("ticket.replied")
    assert "`tags`? (pricing\\|competitor" in row("touch.logged")
    assert "`stakeholder_id`" not in row("usage.recorded")


def test_what_is_counted_in_windows_is_marked() -> None:
    assert "¹" in row("touch.logged")
    assert "¹" not in row("goal.measured")
