"""What a pack and its draft hold, rule by rule, as `detector rules` shows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

from detector.catalogue.compiler import section_of
from detector.catalogue.entries import Needs, costs_of, events_of
from detector.catalogue.load import PackError, nearest
from detector.catalogue.pack import load_draft, load_plan, load_rules
from detector.domain.account import RENEWAL_LINES
from detector.domain.lifecycle import MAX_RAISE
from detector.domain.plan import Plan, Rule

State = Literal["runs", "ready", "planned"]
STATES: Final[tuple[State, ...]] = get_args(State)


class Entry(NamedTuple):
    """One rule: `row` as it is written; it runs, is ready to be moved into the pack, or planned for these `reasons`."""

    id: str
    state: State
    row: Mapping[str, Any]
    rule: Rule | None
    reasons: tuple[str, ...] = ()

    @property
    def severities(self) -> str:
        """The severities it opens with, in the order of its rungs."""
        by = self.row.get("by", {}).get("role", {}).values()
        found = [step["severity"] for step in self.row.get("opens", ())]
        return ", ".join(dict.fromkeys([*found, *by]))

    @property
    def events(self) -> str:
        """The event types it needs."""
        return "" if self.rule is None else ", ".join(events_of(self.rule))

    @property
    def costs(self) -> tuple[str, ...]:
        """What each of its measures costs an account."""
        return () if self.rule is None else costs_of(self.rule)

    @property
    def armed_by(self) -> str:
        """What a tenant must send for it to be armed (R2.7)."""
        if self.rule is None:
            return ""
        return "; and ".join(_needs(needs) for needs in (self.rule.starts, self.rule.satisfies) if needs) or "always"

    @property
    def raised_by(self) -> str:
        """What raises its severities at a time (R2.8), empty where nothing can: good news, or critical as it is."""
        if self.rule is None or self.rule.polarity == "good" or self.severities == "critical":
            return ""
        lines = sorted(RENEWAL_LINES, reverse=True)
        found = [f"renewal in {days} days or less: {_steps(steps)}" for days, steps in lines]
        if self.rule.family == "support":
            found += ["onboarding: 1 step", f"together {_steps(MAX_RAISE)} at most"]
        return "; ".join(found)


class Inventory(NamedTuple):
    """The plan that runs, and every rule of the pack and its draft by its id."""

    plan: Plan
    entries: tuple[Entry, ...]

    def of(self, state: State) -> list[Entry]:
        """The rules in a state."""
        return [entry for entry in self.entries if entry.state == state]

    @property
    def totals(self) -> str:
        """How many rules are in each state."""
        runs, ready, planned = (len(self.of(state)) for state in STATES)
        return f"release {self.plan.release}: {runs} rules run, {ready} of the draft could, {planned} are planned"

    def entry(self, rule_id: str) -> Entry:
        """One rule. Raises PackError, with the nearest, where there is none of this id."""
        for entry in self.entries:
            if entry.id == rule_id:
                return entry
        hint = nearest(rule_id, [entry.id for entry in self.entries]) or "; `detector rules list` says which there are"
        raise PackError(f"no rule {rule_id!r}{hint}")


def take_inventory(folder: Path | None = None) -> Inventory:
    """Compile a pack, its tenants and its draft; None for the built-in pack. Raises PackError."""
    plan = load_plan(folder)
    compiler = load_rules(folder)
    draft = load_draft(compiler, folder)
    rows = section_of(compiler.document, "rules")
    entries = [Entry(rule.id, "runs", rows[rule.id], rule) for rule in plan.rules]
    entries += [Entry(ready.rule.id, "ready", draft.rows[ready.rule.id], ready.rule) for ready in draft.ready]
    entries += [Entry(one.id, "planned", draft.rows[one.id], None, one.reasons) for one in draft.planned]
    return Inventory(plan, tuple(sorted(entries, key=lambda entry: entry.id)))


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
