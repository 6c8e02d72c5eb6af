"""The pages say what is there: their links lead somewhere, and their lists are those of the code."""

import re
from pathlib import Path

import pytest

from schemas.alert import Alert
from schemas.envelope import Event
from schemas.refusal import REASONS
from schemas.topics import topics

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
CONTRACT = (ROOT / "docs/contract.md").read_text()


def first_cells(page: str, heading: str) -> set[str]:
    """The words in backticks in the first column of the first table after a heading or a word."""
    table = re.search(r"^\|.*\n\| ---.*\n((?:\|.*\n)+)", page[page.index(heading) :], re.MULTILINE)
    assert table, heading
    return {word for line in table[1].splitlines() for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_part_of_a_page_leads_to_one(page: Path) -> None:
    for file, part in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", page.read_text()):
        there = page.parent / file if file else page
        assert part in parts_of(there.read_text()), f"{file}#{part}"


def parts_of(page: str) -> set[str]:
    """The fragments of a page as GitHub makes them: its headings, and its own anchors."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings} | set(
        re.findall(r'<a id="([^"]+)">', page)
    )


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} == set(
        re.findall(r"\]\((\w+\.md)\)", index)
    )


def test_the_contract_lists_every_topic_field_and_reason() -> None:
    assert first_cells(CONTRACT, "## Topics") == {topic.name for topic in topics()}
    assert first_cells(CONTRACT, "### An event") == set(Event.model_fields)
    assert first_cells(CONTRACT, "| reason |") == set(REASONS)
    own = {"schema_version", "tenant_id", "account_id"}
    assert first_cells(CONTRACT, "Every field is always there") == set(Alert.model_fields) - own
