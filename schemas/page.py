"""Writes the page of event types for people who emit them: each type, its own fields, and what it says."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.envelope import Event
from schemas.events import ANY_TOPIC, CRM_EVENTS, SUPPORT_EVENTS, USAGE_EVENTS, WINDOWED, event_type_of
from schemas.json_schema import schema_of
from schemas.topics import CRM, SUPPORT, USAGE

PAGE: Final = Path("docs/events.md")

_HEAD: Final = """\
# Event types

Made by `python -m schemas.generate` from the models in `schemas/`. Beside the fields of the
[envelope](contract.md#an-event), a type has its own: one marked ? may be left out, one with = has that value then, and
in brackets are the values there are. Each name leads to its JSON Schema, which has all the rules and an example. Types
marked ¹ are counted in windows: one that occurred more than 70 days before its record time is refused.
"""
_FOOT: Final = """
## Any topic

| type | its own fields | what it says |
| --- | --- | --- |
"""
_IN_EVERY: Final = frozenset(name for name, field in Event.model_fields.items() if field.is_required())
_ENVELOPE: Final = frozenset(Event.model_fields)


def page() -> str:
    """Give the page, in Markdown."""
    parts = [_HEAD]
    for topic, models in ((USAGE, USAGE_EVENTS), (SUPPORT, SUPPORT_EVENTS), (CRM, CRM_EVENTS)):
        parts.append(f"\n## `{topic}`\n\n| type | its own fields | what it says |\n| --- | --- | --- |\n")
        parts += [_row(model) for model in models]
    return "".join([*parts, _FOOT, *(_row(model) for model in ANY_TOPIC)])


def _row(model: type[Event]) -> str:
    name = event_type_of(model)
    schema = schema_of(name, model)
    mark = "¹" if name in WINDOWED else ""
    says = " ".join(schema["description"].split())
    return f"| [`{name}`](../schemas/json/events/{name}.json){mark} | {', '.join(_fields(schema))} | {says} |\n"


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    required = set(schema["required"])
    for name, field in schema["properties"].items():
        if name in _IN_EVERY or (name in _ENVELOPE and name not in required):
            continue
        values = "\\|".join(str(value) for value in _values(field))
        given = field.get("default")
        absent = "" if name in required else "?" if given is None else f" = {str(given).lower()}"
        yield f"`{name}`{absent}" + (f" ({values})" if values else "")


def _values(field: Mapping[str, Any]) -> list[Any]:
    """The values of a field of its own, of its items, or of what it is beside null."""
    found = field.get("enum") or _values(field.get("items", {})) if field else []
    return found or [value for one in field.get("anyOf", ()) for value in _values(one)]
