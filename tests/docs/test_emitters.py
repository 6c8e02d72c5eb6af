"""The page for emitters: every type with what it buys, every armed rule with what arms it."""

import pytest

from detector.docs.emitters import BESIDE_RULES, needs_of, page
from detector.docs.needs import works
from detector.docs.pack import FAMILIES, Pack, read_pack
from schemas.events import MODELS


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack()


@pytest.fixture(scope="module")
def lines(pack: Pack) -> list[str]:
    return page(pack).splitlines()


def rows(lines: list[str], heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = lines[lines.index(heading) + 1 :]
    start = next(number for number, line in enumerate(below) if line.startswith("| ---"))
    table = below[start + 1 :]
    end = next((number for number, line in enumerate(table) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[:end]]


def test_every_event_type_has_a_row_with_its_required_fields(lines: list[str]) -> None:
    found = {line.split("`")[1]: line for line in lines if line.startswith("| `") and line.count("|") == 5}
    assert set(MODELS) <= set(found)
    assert "`ticket_id`, `author` (`canned`)" in found["ticket.replied"]
    assert "`stakeholder_id`" in found["stakeholder.left"]


def test_a_rule_about_something_missing_names_what_starts_and_what_would_satisfy_it(
    lines: list[str], pack: Pack
) -> None:
    told = rows(lines, "## What not to promise")
    armed = [rule for rule in pack.plan.rules if rule.starts or rule.satisfies]
    assert [row[0].partition("]")[0].lstrip("[") for row in told] == [rule.id for rule in armed]
    assert next(row for row in told if "incident.untold" in row[0])[1:] == ["`incident.opened`", "`incident.notified`"]


@pytest.mark.parametrize("family", [family for family in FAMILIES if read_pack().of(family)])
def test_what_a_family_is_told_to_send_makes_all_its_rules_work(family: str, lines: list[str], pack: Pack) -> None:
    entries = pack.of(family)
    needs, _ = needs_of(pack)
    sent: set[str] = set()
    now: list[str] = []
    for types, new, so_far in rows(lines, f"### [{family.capitalize()}](reference/{family}.md)"):
        sent |= {name.strip("`") for name in types.split(", ")}
        before, now = now, [one.id for one in entries if needs[one.id] and works(needs[one.id], frozenset(sent))]
        assert so_far == f"{len(now)} of {len(entries)}"
        assert {link.partition("]")[0].lstrip("[") for link in new.split(", ")} == set(now) - set(before)
    assert {entry.id for entry in entries if needs[entry.id]} == set(now)


def test_the_beginning_says_how_many_rules_its_types_make_work(lines: list[str], pack: Pack) -> None:
    said = lines[lines.index("## A beginning") + 2]
    needs, _ = needs_of(pack)
    sent = frozenset(said.partition("(")[2].partition(")")[0].replace("`", "").split(", "))
    working = sum(bool(groups) and works(groups, sent) for groups in needs.values())
    assert said.startswith(f"With these {len(sent)} of {len(MODELS)} types {working} of {len(needs)} rules work")


def test_what_is_done_beside_the_rules_is_done_by_types_of_the_contract() -> None:
    assert set(BESIDE_RULES) <= set(MODELS)
