"""What a pack holds, rule by rule, as `detector rules` shows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detector.catalogue.compiler import section_of
from detector.catalogue.entries import Needs, costs_of, events_of
from detector.catalogue.load import PackError, nearest
from detector.catalogue.pack import load_plan, load_rules
from detector.domain.account import RENEWAL_LINES
from detector.domain.lifecycle import MAX_RAISE
from detector.domain.plan import Plan, Rule


class Entry(NamedTuple):
    """One rule: `row` as it is written, and what it became."""

    row: Mapping[str, Any]
    rule: Rule

    @property
    def id(self) -> str:
        """Its id."""
        return self.rule.id

    @property
    def severities(self) -> str:
        """The severities it opens with, in the order of its rungs."""
        by = self.row.get("by", {}).get("role", {}).values()
        found = [step["severity"] for step in self.row.get("opens", ())]
        return ", ".join(dict.fromkeys([*found, *by]))

    @property
    def events(self) -> str:
        """The event types it needs."""
        return ", ".join(events_of(self.rule))

    @property
    def costs(self) -> tuple[str, ...]:
        """What each of its measures costs an account."""
        return costs_of(self.rule)

    @property
    def armed_by(self) -> str:
        """What a tenant must send for it to be armed (R2.7)."""
        return "; and ".join(_needs(needs) for needs in (self.rule.starts, self.rule.satisfies) if needs) or "always"

    @property
    def raised_by(self) -> str:
        """What raises its severities at a time (R2.8), empty where nothing can: good news, or critical as it is."""
        if self.rule.polarity == "good" or self.severities == "critical":
            return ""
        lines = sorted(RENEWAL_LINES, reverse=True)
        found = [f"renewal in {days} days or less: {_steps(steps)}" for days, steps in lines]
        if self.rule.family == "support":
            found += ["onboarding: 1 step", f"together {_steps(MAX_RAISE)} at most"]
        return "; ".join(found)


class Inventory(NamedTuple):
    """The plan, and every rule of the pack in the order of their ids."""

    plan: Plan
    entries: tuple[Entry, ...]

    @property
    def total(self) -> str:
        """Which release it is, and how many rules it has."""
        return f"release {self.plan.release}: {len(self.entries)} rules"

    def entry(self, rule_id: str) -> Entry:
        """One rule. Raises PackError, with the nearest, where there is none of this id."""
        for entry in self.entries:
            if entry.id == rule_id:
                return entry
        hint = nearest(rule_id, [entry.id for entry in self.entries]) or "; `detector rules list` says which there are"
        raise PackError(f"no rule {rule_id!r}{hint}")


def take_inventory(folder: Path | None = None) -> Inventory:
    """Compile a pack and its tenants; None for the built-in pack. Raises PackError."""
    plan = load_plan(folder)
    rows = section_of(load_rules(folder).document, "rules")
    return Inventory(plan, tuple(Entry(rows[rule.id], rule) for rule in plan.rules))


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _needs(needs: Needs) -> str:
    found: dict[str, None] = {}
    for need in needs:
        fields = [
            f"{field} {'|'.join(sorted(str(value).lower() for value in allowed))}"
            for field, allowed in need.items()
            if field != "event"
        ]
        found[f"{need['event']}{' (' + ', '.join(fields) + ')' if fields else ''}"] = None
    return next(iter(found)) if len(found) == 1 else f"one of {', '.join(found)}"
