"""The page for people who emit events: what each type buys them, what to send first, and what not to promise."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from detector.catalogue.inventory import Entry
from detector.docs.needs import Group, Needs, Step, steps
from detector.docs.pack import FAMILIES, Pack
from detector.docs.text import anchor
from schemas.envelope import Event
from schemas.events import ANY_TOPIC, CRM_EVENTS, SUPPORT_EVENTS, USAGE_EVENTS, event_type_of
from schemas.topics import CRM, SUPPORT, USAGE

PAGE: Final = Path("docs/emitters.md")
_FIRST: Final = 12
"""How many types the list for a beginning names."""


def page(pack: Pack) -> str:
    """The page, in Markdown."""
    needs, ranks = needs_of(pack)
    families = {family: steps({one.id: needs[one.id] for one in pack.of(family)}, ranks) for family in FAMILIES}
    return "".join(
        [
            _HEAD,
            *_beginning(pack, steps(needs, ranks)),
            *(part for family, found in families.items() for part in _family(pack, family, found)),
            _BESIDE + "".join(f"| `{name}` | {does} |\n" for name, does in BESIDE_RULES.items()),
            *_absences(pack),
            *_types(pack),
        ]
    )


def needs_of(pack: Pack) -> tuple[dict[str, list[Group]], dict[str, int]]:
    """What each rule needs to be sent, and the ranks of the types."""
    needs = Needs(pack.say.names, {entry.id: entry.row for entry in pack.entries})
    found = {entry.id: needs.of(entry.id, [group for group in _arming(entry) if group]) for entry in pack.entries}
    return found, needs.ranks


def _arming(entry: Entry) -> tuple[Group, Group]:
    """The types that start a rule about something missing, and those that satisfy it."""
    starts, satisfies = entry.rule.starts, entry.rule.satisfies
    return Group(str(need["event"]) for need in starts), Group(str(need["event"]) for need in satisfies)


_HEAD: Final = """\
# What to send, and what it buys you

Made by `python -m detector.docs` from the pack and the models. Send what your systems know, when they know it: every
event type stands alone, and nothing has to be complete before the first rule works. How to send it is in
[contract.md](contract.md), every field in [events.md](events.md), the whole contract for tools in
[asyncapi.json](../schemas/asyncapi.json), and what each rule says in the [reference](reference/README.md).

A rule **works** when you send one type of each thing that it needs: what starts it, what would satisfy it, and the
events behind its numbers. Values of fields (`direction`, `automated`, `role`) still have to be true to life.
"""


def _beginning(pack: Pack, found: list[Step]) -> Iterator[str]:
    sent: list[str] = []
    rules = 0
    for step in found:
        if len(sent) + len(step.types) > _FIRST and sent:
            break
        sent += step.types
        rules += len(step.rules)
    idle = len(pack.entries) - sum(len(step.rules) for step in found)
    more = f" {idle} more need no event of their own: they read other rules or the index." if idle else ""
    yield (
        f"\n## A beginning\n\nWith these {len(sent)} of {len(_MODELS)} types {rules} of {len(pack.entries)} rules work"
        f" ({', '.join(f'`{name}`' for name in sent)}).{more}\n\nBelow, family by family, is the order in which each"
        " further type makes the most rules work; stop wherever your systems do.\n"
    )


def _family(pack: Pack, family: str, found: list[Step]) -> Iterator[str]:
    entries = pack.of(family)
    if not entries:
        return
    yield f"\n### [{family.capitalize()}](reference/{family}.md)\n\n"
    yield "| send | and these work | so far |\n| --- | --- | --- |\n"
    total = 0
    for step in found:
        total += len(step.rules)
        types = ", ".join(f"`{name}`" for name in step.types)
        yield f"| {types} | {_links(pack, step.rules)} | {total} of {len(entries)} |\n"


def _links(pack: Pack, rules: Iterable[str]) -> str:
    families = pack.say.names.families
    return ", ".join(f"[{rule_id}](reference/{families[rule_id]}.md#{anchor(rule_id)})" for rule_id in rules)


_BESIDE: Final = """
### Beside the rules

| type | what it does |
| --- | --- |
"""
_ABSENCES: Final = """
## What not to promise

A rule about something missing is **armed** for a tenant only if the tenant sends one type that starts it and one that
would satisfy it. `sends` in [tenants.yaml](rules.md#tenants) says what a tenant really sends; where it says nothing, it
is `all`, and every rule below is armed. **Leave out of `sends` what none of your systems emits**: who sends
`incident.opened` and never `incident.notified` would be alarmed at every incident, because nobody would ever hear that
the customer was told. An entry may be narrowed: `{touch.logged: {direction: inbound}}` arms nothing that waits for an
outbound touch. What is not armed is no alert, is listed in each health snapshot (`not_armed`), and lowers confidence.

| rule | starts it | would satisfy it |
| --- | --- | --- |
"""


def _absences(pack: Pack) -> Iterator[str]:
    yield _ABSENCES
    for entry in pack.entries:
        starts, satisfies = _arming(entry)
        if starts or satisfies:
            yield f"| {_links(pack, [entry.id])} | {_any(starts) or 'being a customer'} | {_any(satisfies)} |\n"


def _any(types: Group) -> str:
    return " or ".join(f"`{name}`" for name in sorted(types))


def _types(pack: Pack) -> Iterator[str]:
    arms: dict[str, list[str]] = {}
    feeds: dict[str, list[str]] = {}
    for entry in pack.entries:
        arming = Group().union(*_arming(entry))
        for name in sorted(arming):
            arms.setdefault(name, []).append(entry.id)
        for name in entry.events.split(", "):
            if name not in arming:
                feeds.setdefault(name, []).append(entry.id)
    yield (
        "\n## What each type buys\n\nRequired are the fields named here beside those of the"
        " [envelope](contract.md#an-event); fields in brackets may be left out. It **arms** the rules that wait for it"
        " or are started by it, and **feeds** those that count it, are cleared by it or are told more by it.\n"
    )
    for topic, models in (
        (USAGE, USAGE_EVENTS),
        (SUPPORT, SUPPORT_EVENTS),
        (CRM, CRM_EVENTS),
        ("any topic", ANY_TOPIC),
    ):
        yield f"\n### {topic}\n\n| type | its own fields | arms | feeds |\n| --- | --- | --- | --- |\n"
        for model in models:
            name = event_type_of(model)
            bought = (_links(pack, arms.get(name, [])), _links(pack, feeds.get(name, [])))
            yield f"| `{name}` | {_fields(model)} | {' | '.join(bought)} |\n"


BESIDE_RULES: Final[Mapping[str, str]] = {
    "account.updated": "dates, days and zone that every rule counts by; stage, touch model, segment, and the money",
    "stakeholder.updated": "who has which role, for every rule about roles",
    "stage.entered": "where the account stands: what is raised during onboarding",
    "deal.closed": "wakes the rules of an account that had churned",
    "outcome.recorded": "churned: its alerts end and its rules sleep",
    "alert.feedback": "acknowledges, snoozes or ends an alert: expected, noise",
    "stakeholder.erased": "forgets a person, and ends the alerts about them",
    "account.erased": "forgets an account whole",
    "account.merged": "ends an account that became part of another one",
}
"""What some types do that is no rule's doing."""
_BY_TOPIC: Final[Mapping[str, tuple[type[Event], ...]]] = {
    USAGE: USAGE_EVENTS,
    SUPPORT: SUPPORT_EVENTS,
    CRM: CRM_EVENTS,
    "any topic": ANY_TOPIC,
}
_MODELS: Final = tuple(model for models in _BY_TOPIC.values() for model in models)
_ENVELOPE: Final[Mapping[str, Any]] = Event.model_fields


def _fields(model: type[Event]) -> str:
    own = {name: field for name, field in model.model_fields.items() if name not in _ENVELOPE or _stricter(name, field)}
    required = ", ".join(f"`{name}`" for name, field in own.items() if field.is_required())
    optional = ", ".join(f"`{name}`" for name, field in own.items() if not field.is_required())
    return f"{required}{' ' if required and optional else ''}{f'({optional})' if optional else ''}"


def _stricter(name: str, field: Any) -> bool:
    """Whether a type asks for a field of the envelope that others may leave out."""
    return bool(field.is_required()) and not _ENVELOPE[name].is_required()
