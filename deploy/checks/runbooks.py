"""Runbooks: every alert has one, of five parts, that its `runbook_url` names; none is of an alert that is gone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

RUNBOOKS: Final = Path(__file__).parents[1] / "runbooks"
PARTS: Final = ("What it means", "What the customer sees", "First look", "Fix", "Wake someone")


def alerts(rules: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Of some rules those that alert, by name."""
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


def problems(rules: Sequence[Mapping[str, Any]], folder: Path = RUNBOOKS) -> Iterator[str]:
    """What is missing or too much."""
    pages = {path.stem: path.read_text() for path in folder.glob("*.md") if path.stem != "README"}
    known = alerts(rules)
    for name in sorted(set(pages) - set(known)):
        yield f"{name}.md: there is no such alert"
    for name, rule in known.items():
        url = rule.get("annotations", {}).get("runbook_url", "")
        if not url.endswith(f"/{name}.md"):
            yield f"{name}: runbook_url is {url or 'missing'}, should end in /{name}.md"
        if not {"summary", "description"} <= set(rule.get("annotations", {})):
            yield f"{name}: lacks a summary or a description"
        if rule.get("labels", {}).get("severity") not in {"critical", "warning", "info"}:
            yield f"{name}: severity is neither critical, warning nor info"
        if name not in pages:
            yield f"{name}: has no runbook"
            continue
        parts = tuple(re.findall(r"^## (.*)$", pages[name], re.MULTILINE))
        if parts != PARTS:
            yield f"{name}.md: its parts are {', '.join(parts)}, should be {', '.join(PARTS)}"
        if not pages[name].startswith(f"# {name}\n"):
            yield f"{name}.md: its title is not the alert's name"
