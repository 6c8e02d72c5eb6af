"""What rules need: for every event class the updates it causes and the rules it wakes, for arming and in bytes."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from detector.catalogue.load import PackError
from detector.domain.events import Event, UsageRecorded
from detector.domain.facts import NOT_IN_MEASURES
from detector.domain.matchers import Matcher
from detector.domain.measures import (
    MAX_SUBJECTS,
    OTHER_SUBJECTS,
    DaySums,
    Given,
    Kept,
    Mark,
    SubjectSums,
    Track,
    code_of,
)
from detector.domain.operators.change import Change
from detector.domain.operators.fall import Fall
from detector.domain.operators.growth import Growth
from detector.domain.operators.silence import Silence
from detector.domain.operators.slide import Slide
from detector.domain.operators.trend import Trend
from detector.domain.plan import Entry, Rule, Tenant

_IN_BLOCK: Final = (Change, Fall, Growth, Slide)  # operators over what every hot block keeps

Needs = tuple[Mapping[str, Any], ...]


def needs_of(matcher: Matcher) -> Needs:
    """The events that a matcher takes, with the values it asks of their fields, for arming (R2.7)."""
    found = []
    for cls, alternatives in matcher.alternatives.items():
        for tests in alternatives:
            fields = {test.field: test.allowed for test in tests if test.allowed is not None}
            found.append({"event": str(cls.__struct_config__.tag), **fields})
    return tuple(found)


def entries_of(rules: tuple[Rule, ...], always: Mark, tenants: Iterable[Tenant] = ()) -> dict[type[Event], Entry]:
    """For every event class the measures it updates and the rules it wakes, in rule order.

    A rule that has other figures for a tenant keeps and listens to what any of its forms does.
    """
    tenants = tuple(tenants)
    updates: dict[type[Event], dict[tuple[str, ...], Kept]] = {}
    wakes: dict[type[Event], list[tuple[Rule, str | None]]] = {}
    reads: dict[str, set[tuple[str, ...]]] = {}
    kept_by_name: dict[tuple[str, ...], Kept] = {("mark", always.name): always}
    for rule in rules:
        forms = [rule, *(form for tenant in tenants for form in tenant.forms_of(rule) if form is not rule)]
        woken: dict[type[Event], str | None] = {}
        for form in forms:
            for kept in kept_of(form):
                kept_by_name.setdefault(_identity(kept), kept)
                reads.setdefault(rule.id, set()).add(_identity(kept))
            for cls, field in wakes_of(form):
                woken[cls] = field if woken.get(cls, field) == field else None
        for cls, field in woken.items():
            wakes.setdefault(cls, []).append((rule, field))
    _codes_differ(kept_by_name.values())
    for identity, kept in sorted(kept_by_name.items()):
        for cls in kept.matcher.alternatives:
            updates.setdefault(cls, {})[identity] = kept
    return {
        cls: _entry(cls, updates.get(cls, {}), wakes.get(cls, ()), reads)
        for cls in sorted({*updates, *wakes}, key=lambda c: c.__name__)
    }


def _entry(
    cls: type[Event],
    updates: Mapping[tuple[str, ...], Kept],
    wakes: Iterable[tuple[Rule, str | None]],
    reads: Mapping[str, Collection[tuple[str, ...]]],
) -> Entry:
    """What events of a class do. A rule need not wake for one that none of the measures it reads has taken in."""
    only = {}
    for rule, _ in wakes if cls not in NOT_IN_MEASURES else ():
        places = [place for place, identity in enumerate(updates) if identity in reads.get(rule.id, ())]
        if places:
            only[rule.id] = frozenset(places)
    return Entry(tuple(updates.values()), tuple(wakes), only)


def _codes_differ(found: Iterable[Kept]) -> None:
    """Raise PackError where two names would be kept as one."""
    codes: dict[tuple[str, str], str] = {}
    for kept in found:
        if isinstance(kept, Track | Given):
            other = codes.setdefault((kept.kind, code_of(kept.slot)), kept.slot)
            if other != kept.slot:
                raise PackError(
                    f"{other!r} and {kept.slot!r} would be kept as one: give one of the matchers a new name"
                )


def kept_of(rule: Rule) -> list[Kept]:
    """What must be kept for a rule: for its operator, and for what it is judged only while."""
    return [*rule.operator.measures, *(() if rule.when is None else rule.when.kept)]


def wakes_of(rule: Rule) -> list[tuple[type[Event], str | None]]:
    """The events that wake a rule; where its `while` may change with one, that one wakes it for every subject."""
    own = list(rule.operator.wakes)
    if rule.when is None:
        return own
    every = dict.fromkeys(rule.when.classes)
    return [wake for wake in own if wake[0] not in every] + [(cls, None) for cls in every]


def _identity(kept: Kept) -> tuple[str, ...]:
    if isinstance(kept, Track | Given):
        return ("track", kept.kind, kept.slot)
    return ("mark" if isinstance(kept, Mark) else "log", kept.name)


def events_of(rule: Rule) -> tuple[str, ...]:
    """The event types that a rule needs: those that wake it, those that it keeps and those that arm it, by name."""
    classes = {cls for cls, _ in wakes_of(rule)}
    classes.update(cls for kept in kept_of(rule) for cls in kept.matcher.alternatives)
    if isinstance(rule.operator, _IN_BLOCK) and not classes:  # judged by the day, over what the hot block keeps
        classes.add(UsageRecorded)
    armed = {need["event"] for need in (*rule.starts, *rule.satisfies)}  # some of it is read of the hot block alone
    return tuple(sorted(armed | {str(cls.__struct_config__.tag) for cls in classes}))


def costs_of(rule: Rule) -> tuple[str, ...]:
    """What each measure of a rule costs an account, one line a measure; measures are shared with other rules."""
    kept = {_identity(kept): kept for kept in kept_of(rule)}
    found = [f"{what.slot if isinstance(what, Track | Given) else what.name} {cost_of(what)}" for what in kept.values()]
    operator = rule.operator
    if (isinstance(operator, _IN_BLOCK) and not kept) or (isinstance(operator, Silence) and operator.of.source is None):
        found.insert(0, f"{operator.name} 0 bytes (every hot block has it)")
    elif isinstance(operator, Trend):
        found.append("value_index 7 bytes for each day on which it changed, at most 151 (1057 bytes)")
    elif not found:
        found.append("0 bytes (every account keeps its goals)")
    return tuple(found)


def cost_of(kept: Kept) -> str:
    """What a measure costs an account, in bytes of the record, ids of about 11 characters supposed."""
    if isinstance(kept, Mark):
        return f"{len(kept.name) + 20} bytes"
    if isinstance(kept, Track | Given):
        times = kept.keep if isinstance(kept, Track) else 2
        each, what, most = 5 + 9 * times, kept.kind, MAX_SUBJECTS.get(kept.kind, OTHER_SUBJECTS)
    elif isinstance(kept, SubjectSums):
        each, what, most = 19 + 9 * kept.keep, kept.per, kept.most
    elif isinstance(kept, DaySums):
        each, what, most = 26, "day", kept.keep
    else:
        each, what, most = 20 + 12 * len(kept.fields), "event", kept.keep
    return f"{each} bytes for each {what}, at most {most} ({each * most} bytes)"
