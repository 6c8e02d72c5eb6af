"""The pages say what is there: their links lead somewhere, and their lists are those of the code."""

import re
from pathlib import Path

import pytest

from detector.catalogue.pack import load_plan
from schemas.alert import Alert
from schemas.envelope import Event
from schemas.refusal import REASONS
from schemas.topics import topics

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRACT = (ROOT / "docs/contract.md").read_text()


def first_cells(page: str, heading: str) -> set[str]:
    """The words in backticks in the first column of the first table after a heading or a word."""
    table = re.search(r"^\|.*\n\| ---.*\n((?:\|.*\n)+)", page[page.index(heading) :], re.MULTILINE)
    assert table, heading
    return {word for line in table[1].splitlines() for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} == set(
        re.findall(r"\]\((\w+\.md)\)", index)
    )


def test_the_page_of_rules_lists_those_that_run() -> None:
    rules = (ROOT / "docs/rules.md").read_text()
    assert first_cells(rules, "## The eight") == {rule.id for rule in load_plan().rules}


def test_the_contract_lists_every_topic_field_and_reason() -> None:
    assert first_cells(CONTRACT, "## Topics") == {topic.name for topic in topics()}
    assert first_cells(CONTRACT, "### An event") == set(Event.model_fields)
    assert first_cells(CONTRACT, "| reason |") == set(REASONS)
    own = {"schema_version", "tenant_id", "account_id"}
    assert first_cells(CONTRACT, "Every field is always there") == set(Alert.model_fields) - own
