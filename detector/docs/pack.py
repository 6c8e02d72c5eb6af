"""The pack as the pages need it: its rows as they are written, the rules they become, and their timelines."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final, NamedTuple

from detector.catalogue.compiler import section_of
from detector.catalogue.inventory import Entry
from detector.catalogue.pack import load_examples, load_plan, load_rules
from detector.catalogue.timeline import Timeline
from detector.docs.conditions import Conditions
from detector.docs.glossary import Glossary
from detector.domain.plan import Plan

FAMILIES: Final = ("outcomes", "adoption", "support", "relationship", "onboarding", "commercial")


class Pack(NamedTuple):
    """The built-in pack: its plan, each rule that runs, their rows as text, their timelines, and the names they use."""

    plan: Plan
    entries: tuple[Entry, ...]
    written: Mapping[str, str]
    examples: Mapping[str, list[Timeline]]
    say: Conditions

    def of(self, family: str) -> list[Entry]:
        """The rules of a family, those about good news last."""
        found = [entry for entry in self.entries if entry.row["family"] == family]
        return sorted(found, key=lambda entry: (entry.row.get("polarity") == "good", entry.id))


def read_pack() -> Pack:
    """Read and compile the built-in pack. Raises PackError."""
    plan = load_plan(with_tenants=False)
    document = load_rules().document
    rows: Mapping[str, Any] = section_of(document, "rules")
    glossary = Glossary(
        section_of(document, "matchers"),
        section_of(document, "measures"),
        {rule_id: row["family"] for rule_id, row in rows.items()},
    )
    entries = tuple(Entry(rows[rule.id], rule) for rule in plan.rules)
    text = document.path.read_text("utf-8").splitlines()
    written = {rule_id: _row(text, document.line(("rules", rule_id))) for rule_id in rows}
    return Pack(plan, entries, written, load_examples(), Conditions(glossary))


def _row(text: list[str], line: int) -> str:
    """The lines of a row that begins at a line (from 1), less what they are indented by."""
    indent = len(text[line - 1]) - len(text[line - 1].lstrip())
    inside = takewhile(lambda each: each.startswith(" " * (indent + 1)), text[line:])
    return "\n".join(each[indent:] for each in (text[line - 1], *inside)) + "\n"


def matters(entry: Entry) -> frozenset[str]:
    """The fields of events that a rule looks at: those its matchers test, and the one that names its subject."""
    found = {
        test.field
        for measure in entry.rule.operator.measures
        for alternatives in measure.matcher.alternatives.values()
        for tests in alternatives
        for test in tests
    }
    per = entry.row.get("per")
    subject = per.get("subject") if isinstance(per, Mapping) else per
    return frozenset(found | ({subject} if subject else set()) | set(entry.row.get("by", ())))
