"""Strata: in which order rules are judged, so that each comes after all that it names (rules.md 11)."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from detector.catalogue.load import Document, nearest
from detector.domain.plan import Rule

FAMILIES = "family:"
WORKED_OUT = frozenset({"index", "confidence"})
"""What is worked out of the rules of the first stratum, beside the families."""


_ASKS = frozenset({"signal", "family", "index", "confidence"})
"""The words of conditions over what others say."""


def stratified(document: Document, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules, each with its stratum: 1 over measures alone, else one more than the highest of what it names.

    Raises PackError where a rule names none that exists, or itself in the end.
    """
    by_id = {rule.id: rule for rule in rules}
    found: dict[str, int] = {}

    def stratum_of(rule: Rule, path: tuple[str, ...]) -> int:
        if rule.id in path:
            circle = " -> ".join((*path[path.index(rule.id) :], rule.id))
            raise document.error(("rules", rule.id), f"a rule cannot wait for what it says itself: {circle}")
        if rule.id not in found:
            below = [0]
            for name in sorted(rule.names):
                if name in WORKED_OUT or name.startswith(FAMILIES):
                    below.append(1)
                elif name in by_id:
                    below.append(stratum_of(by_id[name], (*path, rule.id)))
                else:
                    raise document.error(("rules", rule.id), f"no rule {name!r}{nearest(name, by_id)}")
            found[rule.id] = max(below) + 1
        return found[rule.id]

    return tuple(_in(rule, stratum_of(rule, ())) for rule in rules)


def signals_of(rows: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The rules of each family whose signals count in it (rules.md 11): of risk, over measures alone."""
    found: dict[str, set[str]] = {}
    for rule_id, row in rows.items():
        words = row if isinstance(row, dict) else {}
        parts = [words.get(word) for word in ("all", "signals", "opens", "clears")]
        if words.get("polarity") != "good" and words.get("operator") != "trend" and not _names_others(parts):
            found.setdefault(str(words.get("family")), set()).add(rule_id)
    return {family: frozenset(rules) for family, rules in found.items()}


def _names_others(part: Any) -> bool:
    if isinstance(part, list):
        return any(map(_names_others, part))
    return isinstance(part, dict) and (not _ASKS.isdisjoint(part) or any(map(_names_others, part.values())))


def _in(rule: Rule, stratum: int) -> Rule:
    return rule if rule.stratum == stratum else replace(rule, stratum=stratum)
