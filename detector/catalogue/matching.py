"""Reads matchers: the only place where a pack names the fields of events, so every name and value is looked up here."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from detector.catalogue.load import Document, Where, nearest
from detector.domain.events import EVENT_TYPES, Event
from detector.domain.matchers import Matcher, Test

BOUNDS: Final = frozenset({"at_least", "at_most", "above", "below"})
MISSING: Final = "missing"


def read_matcher(document: Document, name: str, what: Any, where: Where) -> Matcher:
    """A matcher as a pack writes it: an event with tests of its fields, or `any` of several. Raises PackError."""
    parts: list[tuple[Any, Where]] = [(what, where)]
    if isinstance(what, dict) and "any" in what:
        if len(what) > 1 or not isinstance(what["any"], list) or not what["any"]:
            raise document.error(where, "`any` stands alone and takes a list of events")
        parts = [(part, (*where, "any", at)) for at, part in enumerate(what["any"])]
    alternatives: dict[type[Event], list[tuple[Test, ...]]] = {}
    for part, place in parts:
        cls, tests = _alternative(document, part, place)
        alternatives.setdefault(cls, []).append(tests)
    return Matcher(name, {cls: tuple(tests) for cls, tests in alternatives.items()})


def fields_of(cls: type[Event]) -> frozenset[str]:
    """The fields of an event that a pack may name: its own, `role` as known, and of a survey `score_share`."""
    worked_out = {"score_share"} if "scale_max" in cls.__struct_fields__ else set()
    return frozenset({*cls.__struct_fields__, *worked_out} - {"event_id", "account_id", "tenant_id", "schema_version"})


def _alternative(document: Document, part: Any, where: Where) -> tuple[type[Event], tuple[Test, ...]]:
    if isinstance(part, str):
        part = {"event": part}
    if not isinstance(part, dict) or not isinstance(part.get("event"), str):
        words = part if isinstance(part, dict) else ()
        hint = next((nearest(word, ["event", "any"]) for word in words if word != "event"), "")
        raise document.error(where, "a matcher names an event: `{event: touch.logged, direction: inbound}`" + hint)
    name = part["event"]
    cls = EVENT_TYPES.get(name)
    if cls is None:
        raise document.error((*where, "event"), f"unknown event {name!r}{nearest(name, EVENT_TYPES)}")
    known = fields_of(cls)
    tests = []
    for field, wanted in part.items():
        place = (*where, field)
        if field == "event":
            continue
        if field not in known:
            raise document.error(place, f"{name} has no field {field!r}{nearest(field, known)}")
        tests.append(_test(document, cls, field, wanted, place))
    return cls, tuple(tests)


def _test(document: Document, cls: type[Event], field: str, wanted: Any, where: Where) -> Test:
    if isinstance(wanted, dict):
        for word, bound in wanted.items():
            if word not in (*BOUNDS, MISSING):
                raise document.error((*where, word), f"unknown bound {word!r}{nearest(word, [*BOUNDS, MISSING])}")
            if isinstance(bound, bool) != (word == MISSING) or not isinstance(bound, int | float):
                kind = "true or false" if word == MISSING else "a number"
                raise document.error((*where, word), f"{field}: {word} takes {kind}")
        return Test(field, **wanted)
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values:
        raise document.error(where, f"{field}: a list of values may not be empty")
    allowed = _values(cls, field)
    for value in values:
        if not isinstance(value, str | bool | int | float):
            raise document.error(where, f"{field}: a value is a word, a number, true or false")
        if allowed is not None and (value not in allowed or isinstance(value, bool) != (allowed == (False, True))):
            hint = nearest(value, map(str, allowed)) or f"; it may be {', '.join(str(a).lower() for a in allowed)}"
            raise document.error(where, f"{field}: unknown value {value!r}{hint}")
    return Test(field, contains=frozenset(values)) if field == "tags" else Test(field, allowed=frozenset(values))


@lru_cache(maxsize=1024)
def _values(cls: type[Event], field: str) -> tuple[Any, ...] | None:
    """The values that a field can have; None where they cannot be listed."""
    info = msgspec.inspect.type_info(cls)
    if not isinstance(info, msgspec.inspect.StructType):  # pragma: no cover - every event is a Struct
        return None
    kind = next((found.type for found in info.fields if found.name == field), None)
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    found: list[Any] = []
    for one in kinds:
        item = one.item_type if isinstance(one, msgspec.inspect.VarTupleType) else one
        if isinstance(item, msgspec.inspect.LiteralType):
            found += item.values
        elif isinstance(item, msgspec.inspect.BoolType):
            return (False, True)
    return tuple(found) or None
